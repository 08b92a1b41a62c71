import type { Texts } from '../language.js';

export const roomSettings: Texts['roomSettings'] = {
  title: 'Einstellungen des Raums',
  rules: 'Regeln dieses Raums',
  rulesHint: 'Darüber entscheidet, wer den Raum verwaltet.',
  saved: 'Gespeichert',
  on: 'An',
  off: 'Aus',

  room: 'Raum',
  name: 'Name',
  nameMissing: 'Der Raum braucht einen Namen.',
  visibility: 'Wer hereinkommt',
  public: 'Alle',
  private: 'Mit Einladung',
  visibilityHint: {
    public: 'Der Raum steht in der Liste auf der ersten Seite.',
    private: 'Der Raum steht in keiner Liste. Herein kommt man mit einer Einladung.',
  },
  administratorIs: 'Verwaltet von',
  nobody: 'Niemandem',

  permissions: 'Wer was darf',
  permission: {
    playback_control: 'Abspielen, anhalten, überspringen',
    upload: 'Musik hinzufügen',
    vote: 'Über die Reihenfolge abstimmen',
  },
  everyone: 'Alle',
  administrator: 'Nur die Verwaltung',
  skipVote: 'Überspringen durch Abstimmung',
  skipVoteOff: 'Titel können nicht durch Abstimmung übersprungen werden.',
  skipVoteNeeds: (votes, online) =>
    `Ein Titel wird übersprungen, wenn ${votes} von ${online === 1 ? '1 Person' : `${online} Personen`} hier dafür stimmen.`,
  skipVotesOf: (votes, online) => `${votes} von ${online} hier`,
  skipVoteShare: 'Anteil der Anwesenden, der zum Überspringen nötig ist',

  playing: 'Wie der Raum spielt',
  trackLimit: 'Titel pro Person begrenzen',
  trackLimitOff: 'Jede Person darf beliebig viele Titel in der Warteschlange haben.',
  tracksPerPerson: 'Titel in der Warteschlange pro Person',
  noLimit: 'Unbegrenzt',
  atMost: (count) => `Höchstens ${count}`,
  fairTurns: 'Reihum',
  fairTurnsHint:
    'Wer Musik hinzufügt, kommt reihum dran, damit niemand die Warteschlange füllt. Stimmen entscheiden unter den Titeln einer Person.',
  fallback: 'Wenn die Warteschlange leer ist',
  fallbackValue: { off: 'Stille', history: 'Noch einmal' },
  fallbackHint: {
    off: 'Die Musik hört auf, bis jemand einen Titel hinzufügt.',
    history: 'Bereits gespielte Titel werden noch einmal gespielt, der älteste zuerst.',
  },
  repeat: 'Wiederholen',
  repeatValue: { off: 'Aus', track: 'Einen Titel', queue: 'Alle Titel' },
  repeatHint: {
    off: 'Jeder Titel spielt einmal.',
    track: 'Der aktuelle Titel beginnt von vorn, wenn er endet.',
    queue: 'Ein Titel, der endet, kommt ans Ende der Warteschlange.',
  },
  levelLoudness: 'Alle Titel gleich laut',
  levelLoudnessHint: 'Laute Titel werden leiser gespielt, damit niemand zum Lautstärkeregler greift.',

  danger: 'Löschen',
  deleteRoom: 'Raum löschen …',
  deleteText:
    'Der Raum, seine Titel und sein Verlauf werden für alle gelöscht. Das lässt sich nicht rückgängig machen.',
  typeName: (name) => `Zur Bestätigung den Namen des Raums eingeben: ${name}`,
  deleteForGood: 'Endgültig löschen',
};
