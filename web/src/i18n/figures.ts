/**
 * The locale for numbers and times in a language. Arabic takes Latin digits too: the numbers within its texts and the
 * positions in tracks have those.
 */
export const figuresOf = (language: string): string => (language === 'ar' ? 'ar-u-nu-latn' : language);

/** @param share 1 is all */
export const formatPercent = (share: number, language: string): string =>
  new Intl.NumberFormat(figuresOf(language), { style: 'percent' }).format(share);
