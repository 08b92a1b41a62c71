import type { Texts } from '../language.js';

export const tv: Texts['tv'] = {
  title: 'Großer Bildschirm',
  intro: (room) => `${room} auf diesem Bildschirm, mit Ton.`,
  introUnknown: 'Der Raum auf diesem Bildschirm, mit Ton.',
  screenName: 'Name dieses Bildschirms',
  defaultName: 'Bildschirm',
  start: 'Starten',
  starting: 'Es geht los …',
  fullScreen: 'Vollbild',
  leave: 'Zurück zum Raum',
  nowPlaying: 'Jetzt läuft',
  upNext: 'Als Nächstes',
  paused: 'Angehalten',
  silence: 'Hier ist es still',
  addByPhone: 'Scanne den Code und füge den ersten Titel hinzu.',
  nothingNext: 'Es wartet nichts. Scanne den Code und füge Musik hinzu.',
  scan: 'Scannen und mithören',
  scanToAdd: 'Scannen, mithören, Musik hinzufügen',
  codeLabel: 'QR-Code des Links zu diesem Raum',
  turnOnSound: 'Ton einschalten',
  progress: 'Position',
};
