/** UTF-16 units. Limits the size of an event, which may contain two tracks. */
const maxLength = 100;

/** Removes control and invisible characters and shortens to `maxLength`. @returns null if nothing is left */
export function oneLine(text: string | undefined): string | null {
  const clean = (text ?? '')
    .toWellFormed()
    // Bidirectional controls would reorder the text around this one; the others are invisible.
    .replace(/[\p{Bidi_Control}\u200b\u2060\ufeff]/gu, '')
    // eslint-disable-next-line no-control-regex -- these are removed
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\s]+/g, ' ')
    .trim();
  if (clean.length <= maxLength) return clean || null;
  return `${clean
    .slice(0, maxLength - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '')
    .trimEnd()}…`;
}
