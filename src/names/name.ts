/*
 * The rules for usernames and room names. Lengths are in code points of the normalised name, which limits its size in
 * every script.
 */

/** Consecutive combining marks. Burmese and Tibetan need up to five; more would only overlap other lines. */
const maxMarksInARow = 5;
/** Longer input is rejected unnormalised: ICU takes quadratic time to order a long run of marks. In UTF-16 units. */
const maxUnitsPerCodePoint = 8;

/** Scripts in which ZWJ or ZWNJ between two letters changes the spelling. */
const joiningScripts = [
  'Arabic',
  'Syriac',
  'Devanagari',
  'Bengali',
  'Gurmukhi',
  'Gujarati',
  'Oriya',
  'Tamil',
  'Telugu',
  'Kannada',
  'Malayalam',
  'Sinhala',
  'Khmer',
];
const joinersInWords = new RegExp(
  joiningScripts
    .map(
      (script) => `(?<=\\p{Script_Extensions=${script}})[\\u200c\\u200d](?=\\p{Script_Extensions=${script}})`,
    )
    .join('|'),
  'gu',
);
/** Also matches sequences without variation selectors, which some keyboards leave out. */
const joinersInEmoji =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})/gu;
/** The flags of England, Scotland and Wales. Not a literal, because the compiler's target does not know the flag `v`. */
const tagSequences = new RegExp('\\p{RGI_Emoji_Tag_Sequence}', 'gv');
/** Variation selectors choose between emoji and text presentation; outside emoji they have no effect and are removed. */
const variationSelectorsOutsideEmoji =
  /\ufe0e|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}])\ufe0f(?!\u20e3)/gu;

/**
 * Control and format characters (including bidirectional and zero-width ones), surrogates, private use, unassigned;
 * characters that renderers ignore; line and paragraph separators; blank symbols (empty Braille, placeholders).
 */
const forbidden = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800\ufffc\ufffd\u{1d159}]/u;
const tooManyMarks = new RegExp(`[\\p{Mn}\\p{Me}]{${maxMarksInARow + 1}}`, 'u');

/** Normalises to NFKC, removes surrounding spaces and collapses runs of spaces. Idempotent. */
export function normaliseName(text: string): string {
  return text
    .normalize('NFKC')
    .replace(variationSelectorsOutsideEmoji, '')
    .replace(/\p{Zs}+/gu, ' ')
    .trim()
    .normalize('NFKC');
}

/** Whether a text is short enough to be normalised in bounded time, for a name of at most `max` code points. */
export const isNormalisable = (text: string, max: number): boolean =>
  text.length <= max * maxUnitsPerCodePoint;

/** Validates a normalised name. @returns the fault, as a text to append to the field's name; undefined if valid */
export function nameFault(name: string, min: number, max: number): string | undefined {
  const length = isNormalisable(name, max) ? [...name].length : Infinity;
  if (length < min || length > max) return `must have ${min} to ${max} characters`;
  const withoutJoiners = name
    .replace(tagSequences, '')
    .replace(joinersInWords, '')
    .replace(joinersInEmoji, '')
    .replace(/\ufe0f/g, '');
  if (forbidden.test(withoutJoiners)) {
    return 'must not contain invisible, control, text direction, private or unassigned characters';
  }
  if (/^\p{M}/u.test(name)) return 'must not begin with a combining mark';
  if (tooManyMarks.test(name)) return `must not contain more than ${maxMarksInARow} combining marks in a row`;
  return undefined;
}
