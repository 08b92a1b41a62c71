/** So that an event that carries two tracks stays small. */
const maxLength = 100;

/** One clean line of at most 100 UTF-16 units, or null where nothing is left. */
export function oneLine(text: string | undefined): string | null {
  const clean = (text ?? '')
    .toWellFormed()
    // They would reorder or hide what stands beside the text where it is shown.
    .replace(/[\p{Bidi_Control}\u200b\u2060\ufeff]/gu, '')
    // eslint-disable-next-line no-control-regex -- these are what is removed
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\s]+/g, ' ')
    .trim();
  if (clean.length <= maxLength) return clean || null;
  return `${clean
    .slice(0, maxLength - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '')
    .trimEnd()}…`;
}
