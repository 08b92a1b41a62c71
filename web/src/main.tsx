import './app/styles.js';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.js';
import { reloadForNewVersion } from './app/new-version.js';
import { Providers } from './app/providers.js';
import { registerServiceWorker } from './app/service-worker.js';
import { LanguageStore } from './i18n/language.js';
import { Session } from './session/session.js';

reloadForNewVersion();
registerServiceWorker();

const language = new LanguageStore();
// The English texts are there already: a catalogue that cannot be loaded does not stop the page.
await language.load().catch(() => undefined);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Providers session={new Session(location.origin)} language={language}>
      <App />
    </Providers>
  </StrictMode>,
);
