import type { Texts } from '../language.js';

export const entrance: Texts['entrance'] = {
  yourName: 'Dein Name',
  namePlaceholder: 'So sehen dich die anderen',
  createRoom: 'Neuer Raum',
  roomName: 'Name des Raums',
  private: 'Nur mit Einladung',
  publicRooms: 'Räume',
  noRooms: 'Kein Raum ist offen. Mach den ersten auf.',
  listen: 'Zuhören',
  join: (room) => `${room} betreten`,
  notFoundTitle: 'Diese Seite gibt es nicht',
  notFoundText: 'Vielleicht ist der Link unvollständig.',
};
