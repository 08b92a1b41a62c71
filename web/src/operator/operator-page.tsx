import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { AppearanceMenu } from '../parts/appearance-menu.js';
import { OperatorApi } from './operator-api.js';
import { OperatorConsole } from './operator-console.js';
import { OperatorSignIn } from './operator-sign-in.js';
import classes from './operator.module.css';
import { readToken, writeToken } from './token-store.js';

/** The page of the server's operator. */
export function OperatorPage() {
  const [api, setApi] = useState<OperatorApi | undefined>(() => {
    const token = readToken();
    return token === undefined ? undefined : new OperatorApi(token);
  });
  if (!api) {
    return (
      <Frame>
        <OperatorSignIn
          onSignedIn={(token) => {
            writeToken(token);
            setApi(new OperatorApi(token));
          }}
        />
      </Frame>
    );
  }
  return (
    <Frame>
      <OperatorConsole
        api={api}
        onSignOut={() => {
          writeToken(undefined);
          setApi(undefined);
        }}
      />
    </Frame>
  );
}

/** The way home, and the language: without the account, which is none of the operator's. */
function Frame({ children }: { children: ReactNode }) {
  const { common } = useTexts();
  return (
    <>
      <header className={classes.frame}>
        <Link href="/" className={classes.home}>
          <img src="/icon.svg" alt="" width={32} height={32} />
          <span>{common.appName}</span>
        </Link>
        <AppearanceMenu />
      </header>
      {children}
    </>
  );
}
