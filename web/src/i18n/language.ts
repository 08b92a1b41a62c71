import { createContext, useContext } from 'react';
import { loadPart } from '../app/new-version.js';
import { readStored, writeStored } from '../stores/local-storage.js';
import { useStore } from '../stores/use-store.js';
import { ValueStore } from '../stores/value-store.js';
import { en } from './en/index.js';

/** Every text of the page, by the part of the page. The English catalogue is the type of the others. */
export type Texts = typeof en;

export const languages = {
  en: { name: 'English', direction: 'ltr' },
  de: { name: 'Deutsch', direction: 'ltr' },
  ar: { name: 'العربية', direction: 'rtl' },
} as const;
export type Language = keyof typeof languages;

const loaders: Record<Exclude<Language, 'en'>, () => Promise<Texts>> = {
  de: () => import('./de/index.js').then(({ de }) => de),
  ar: () => import('./ar/index.js').then(({ ar }) => ar),
};

const languageKey = 'roomcast.language';
const isLanguage = (value: unknown): value is Language =>
  typeof value === 'string' && Object.hasOwn(languages, value);

interface Current {
  readonly language: Language;
  readonly texts: Texts;
}

/** The language of the page. Other catalogues than the English one are loaded when they are needed. */
export class LanguageStore extends ValueStore<Current> {
  /** Counts what was asked for: the last one is shown, whichever is loaded first. */
  #wanted = 0;

  constructor() {
    super({ language: 'en', texts: en });
  }

  /** Takes the language that was chosen here before, else the browser's. */
  async load(): Promise<void> {
    const stored = readStored<unknown>(languageKey);
    const preferred = navigator.languages.map((tag) => tag.split('-')[0]).find(isLanguage);
    await this.#use(isLanguage(stored) ? stored : (preferred ?? 'en'));
  }

  /** Switches the page, and remembers it. A language that cannot be loaded changes nothing. */
  async choose(language: Language): Promise<void> {
    try {
      if (await loadPart(() => this.#use(language))) writeStored(languageKey, language);
    } catch {
      // The page stays as it is.
    }
  }

  /** @returns whether the language is shown: false if the user has chosen another one in the meantime */
  async #use(language: Language): Promise<boolean> {
    const number = (this.#wanted += 1);
    const texts = language === 'en' ? en : await loaders[language]();
    if (number !== this.#wanted) return false;
    document.documentElement.lang = language;
    document.documentElement.dir = languages[language].direction;
    this.set({ language, texts });
    return true;
  }
}

const LanguageContext = createContext<LanguageStore | undefined>(undefined);
export const LanguageProvider = LanguageContext.Provider;

export function useLanguageStore(): LanguageStore {
  const store = useContext(LanguageContext);
  if (!store) throw new Error('There is no LanguageProvider above this component.');
  return store;
}

/** The texts in the language of the page. */
export const useTexts = (): Texts => useStore(useLanguageStore()).texts;

export const useLanguage = (): Language => useStore(useLanguageStore()).language;
