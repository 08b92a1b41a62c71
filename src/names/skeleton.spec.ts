import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { skeletonsOf } from './skeleton.js';

const lookAlike = (a: string, b: string): boolean => {
  const skeletons = new Set(skeletonsOf(a));
  return skeletonsOf(b).some((skeleton) => skeletons.has(skeleton));
};

/** A selection of look-alikes that are used in practice. */
const homoglyphs: Record<string, string[]> = {
  a: ['а', 'ɑ', 'α'],
  c: ['с'],
  d: ['ԁ'],
  e: ['е', 'ҽ'],
  h: ['һ'],
  i: ['і', 'ı', 'i\u0307'],
  j: ['ј'],
  l: ['I', '1', '|', 'ӏ'],
  m: ['rn'],
  o: ['о', '0', 'ο', 'օ'],
  p: ['р'],
  q: ['ԛ'],
  s: ['ѕ'],
  w: ['ԝ'],
  x: ['х'],
  y: ['у'],
};

describe('skeletons', () => {
  it.each([
    ['paypal', 'раypal'],
    ['paypal', 'PAYPAL'],
    ['paypal', 'paypaI'],
    ['paypal', 'paypa1'],
    ['BOB', 'ВОВ'],
    ['apple', 'аррӏе'],
    ['modern', 'rnodern'],
    ['Grace', 'Ｇｒａｃｅ'],
    ['user 10', 'user lO'],
    ['می\u200cخواهم', 'میخواهم'],
  ])('are shared by %j and %j', (a, b) => {
    expect(lookAlike(a, b)).toBe(true);
  });

  it.each([
    ['Karl', 'Kari'],
    ['mail', 'mall'],
    ['ada', 'ado'],
    ['user 1', 'user 2'],
    ['Émile', 'Emile'],
    ['ada', 'ada lovelace'],
    ['音楽', '音樂'],
  ])('are not shared by %j and %j', (a, b) => {
    expect(lookAlike(a, b)).toBe(false);
  });

  it('are shared by a name and the same name with look-alike letters', () => {
    const letters = Object.keys(homoglyphs);
    const substituted = fc
      .array(fc.tuple(fc.constantFrom(...letters), fc.nat(4)), { minLength: 1, maxLength: 20 })
      .map((choices) => ({
        name: choices.map(([letter]) => letter).join(''),
        imitation: choices
          .map(
            ([letter, which]) => [letter, ...homoglyphs[letter]!][which % (homoglyphs[letter]!.length + 1)],
          )
          .join(''),
      }));
    fc.assert(
      fc.property(substituted, ({ name, imitation }) => {
        expect({ name, imitation, alike: lookAlike(name, imitation) }).toEqual({
          name,
          imitation,
          alike: true,
        });
      }),
      { numRuns: 5000 },
    );
  });

  it('do not depend on case, and are unchanged by computing their skeletons', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 }), (text) => {
        const skeletons = skeletonsOf(text);
        expect(skeletons).toContain(skeletonsOf(text.toLowerCase())[0]);
        for (const skeleton of skeletons) expect(skeletonsOf(skeleton)).toEqual([skeleton]);
      }),
      { numRuns: 5000 },
    );
  });
});
