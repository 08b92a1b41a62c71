import { useState } from 'react';
import { OperatorApi } from './operator-api.js';
import { OperatorConsole } from './operator-console.js';
import { OperatorSignIn } from './operator-sign-in.js';
import { readToken, writeToken } from './token-store.js';

/** The page of the server's operator. */
export function OperatorPage() {
  const [api, setApi] = useState<OperatorApi | undefined>(() => {
    const token = readToken();
    return token === undefined ? undefined : new OperatorApi(token);
  });
  if (!api) {
    return (
      <OperatorSignIn
        onSignedIn={(token) => {
          writeToken(token);
          setApi(new OperatorApi(token));
        }}
      />
    );
  }
  return (
    <OperatorConsole
      api={api}
      onSignOut={() => {
        writeToken(undefined);
        setApi(undefined);
      }}
    />
  );
}
