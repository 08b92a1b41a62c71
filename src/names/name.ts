/**
 * The rules for names that people choose and others see: usernames and room names. Lengths are in code points of
 * the normalised name, which bounds its size whatever the script.
 */

/** Nonspacing marks in a row. Burmese and Tibetan need up to five; more only stacks over other lines. */
const maxMarksInARow = 5;
/** UTF-16 units per allowed code point that are normalised at all: ICU orders long runs of marks in quadratic time. */
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
/** Also where the variation selectors of a fully qualified sequence are missing, as some keyboards leave them out. */
const joinersInEmoji =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})/gu;
/** The flags of England, Scotland and Wales. The flag `v` is beyond the compiler's target, so not a literal. */
const tagSequences = new RegExp('\\p{RGI_Emoji_Tag_Sequence}', 'gv');
/** They choose between colour and monochrome, so they are dropped elsewhere. */
const variationSelectorsOutsideEmoji =
  /\ufe0e|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}])\ufe0f(?!\u20e3)/gu;

/**
 * Controls, formats (bidi and zero-width characters among them), surrogates, private use, unassigned; what
 * renderers ignore; line and paragraph separators; and symbols that look like nothing (blank Braille, placeholders).
 */
const forbidden = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800\ufffc\ufffd\u{1d159}]/u;
const tooManyMarks = new RegExp(`[\\p{Mn}\\p{Me}]{${maxMarksInARow + 1}}`, 'u');

/** Compatibility forms composed (NFKC), trimmed, runs of spaces as one. Idempotent. */
export function normaliseName(text: string): string {
  return text
    .normalize('NFKC')
    .replace(variationSelectorsOutsideEmoji, '')
    .replace(/\p{Zs}+/gu, ' ')
    .trim()
    .normalize('NFKC');
}

/** Whether a text can be normalised in a bounded time, for a name of at most `max` code points. */
export const isNormalisable = (text: string, max: number): boolean =>
  text.length <= max * maxUnitsPerCodePoint;

/** What is wrong with a normalised name, to follow the field's name; undefined where nothing is. */
export function nameFault(name: string, min: number, max: number): string | undefined {
  const length = isNormalisable(name, max) ? [...name].length : Infinity;
  if (length < min || length > max) return `must have ${min} to ${max} characters that can be seen`;
  const withoutJoiners = name
    .replace(tagSequences, '')
    .replace(joinersInWords, '')
    .replace(joinersInEmoji, '')
    .replace(/\ufe0f/g, '');
  if (forbidden.test(withoutJoiners)) {
    return 'must not hold invisible, control, text direction, private or unassigned characters';
  }
  if (/^\p{M}/u.test(name)) return 'must not begin with a combining mark';
  if (tooManyMarks.test(name)) return `must not hold more than ${maxMarksInARow} combining marks in a row`;
  return undefined;
}
