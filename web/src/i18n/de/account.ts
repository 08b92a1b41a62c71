import type { Texts } from '../language.js';

export const account: Texts['account'] = {
  menu: (name) => `Konto: ${name}`,
  guest: 'Gast auf diesem Gerät',
  registered: 'Registriert',
  signIn: 'Anmelden',
  signOut: 'Abmelden',
  register: 'Registrieren',
  signInTitle: 'Anmelden',
  registerTitle: 'Registrieren',
  registerGuestText: 'Du behältst deine Räume, deine Stimmen und deinen Platz im Raum.',
  registerText: 'Dann kannst du dich auf jedem Gerät anmelden.',
  signInText: 'Mit dem Namen und dem Passwort, die du registriert hast.',
  signInLeavesGuest: 'Du bist jetzt Gast. Was der Gast hat, kommt nicht zum Konto dazu.',
  username: 'Name',
  password: 'Passwort',
  passwordHint: 'Mindestens 8 Zeichen',
  toRegister: 'Neu hier? Registrieren',
  toSignIn: 'Schon registriert? Anmelden',
  signOutGuestTitle: 'Als Gast abmelden?',
  signOutGuestText:
    'Ein Gast kann sich nicht wieder anmelden. Deine Räume und Stimmen bleiben, gehören dir aber nicht mehr. Registriere dich, um sie zu behalten.',
  signOutAnyway: 'Trotzdem abmelden',
  appearance: 'Sprache und Farben',
};
