import type { Texts } from '../language.js';

export const room: Texts['room'] = {
  queue: 'Als Nächstes',
  people: 'Personen',
  addMusic: 'Musik hinzufügen',
  nothingPlays: 'Gerade läuft nichts. Füge den ersten Titel hinzu.',
  queueEmpty: 'Die Warteschlange ist leer. Füge Musik hinzu, damit es weitergeht.',
  vote: (title) => `Für ${title} stimmen`,
  votes: (count) => (count === 1 ? '1 Stimme' : `${count} Stimmen`),
  play: 'Abspielen',
  pause: 'Pause',
  skip: 'Nächster Titel',
  turnOnSound: 'Ton einschalten',
};
