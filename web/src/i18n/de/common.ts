import type { Texts } from '../language.js';

export const common: Texts['common'] = {
  appName: 'Roomcast',
  tagline: 'Gemeinsam Musik hören, im selben Takt.',
  cancel: 'Abbrechen',
  close: 'Schließen',
  tryAgain: 'Noch einmal versuchen',
  loading: 'Wird geladen …',
  backToRooms: 'Alle Räume',
  language: 'Sprache',
  colorScheme: 'Farben',
  light: 'Hell',
  dark: 'Dunkel',
  system: 'Wie das Gerät',
  listeners: (count) => (count === 1 ? '1 Person hier' : `${count} Personen hier`),
  inSeconds: (seconds) => (seconds <= 1 ? 'gleich' : `in ${seconds} Sekunden`),
};
