import { DirectionProvider, MantineProvider, useDirection } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { LanguageProvider, languages, type LanguageStore, useLanguage } from '../i18n/language.js';
import { SessionProvider } from '../session/session-context.js';
import type { Session } from '../session/session.js';
import { cssVariables, theme } from './theme.js';

/** The nonce that the server put into the page; the policy allows only styles and scripts that have it. */
const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce;

// Mantine's dialogs lock scrolling with a style tag of react-remove-scroll, which reads the nonce from this global.
Object.assign(globalThis, { __webpack_nonce__: nonce });

/** What every component of the page may use: theme, language and session. */
export function Providers({
  session,
  language,
  children,
}: {
  session: Session;
  language: LanguageStore;
  children: ReactNode;
}) {
  return (
    <LanguageProvider value={language}>
      <DirectionProvider detectDirection={false}>
        <MantineProvider
          theme={theme}
          cssVariablesResolver={cssVariables}
          defaultColorScheme="auto"
          getStyleNonce={() => nonce ?? ''}
        >
          <Direction />
          <SessionProvider value={session}>{children}</SessionProvider>
        </MantineProvider>
      </DirectionProvider>
    </LanguageProvider>
  );
}

/** Tells Mantine the direction of the language. */
function Direction() {
  const { direction } = languages[useLanguage()];
  const { setDirection } = useDirection();
  useEffect(() => setDirection(direction), [direction, setDirection]);
  return null;
}
