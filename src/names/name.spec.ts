import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nameFault, normaliseName } from './name.js';

const max = 32;
const isAccepted = (text: string): boolean => nameFault(normaliseName(text), 1, max) === undefined;

/** Listed one by one, so that the test does not repeat the rule. */
const invisible = [
  0x00ad, 0x034f, 0x061c, 0x115f, 0x1160, 0x17b4, 0x180b, 0x180e, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029,
  0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2061, 0x2064, 0x2066, 0x2067, 0x2068, 0x2069, 0x206a,
  0x206f, 0x2800, 0x3164, 0xfe00, 0xfeff, 0xffa0, 0xfff9, 0xfffc, 0x1bca0, 0x1d159, 0x1d173, 0xe0001, 0xe0041,
  0xe007f, 0xe0100,
].map((code) => String.fromCodePoint(code));
const others = [
  '\0',
  '\t',
  '\n',
  '\r',
  '\x1b',
  '\x7f',
  '\x85',
  '\ue000',
  '\u{f0000}',
  '\u0378',
  '\uffff',
  '\ufdd0',
];
const surrogates = ['\ud800', '\udfff'];

describe('a name', () => {
  it.each([
    'x',
    'Ada Lovelace',
    "O'Neill-Smith, Jr.",
    '音楽の部屋',
    '음악',
    'محمد علي',
    'می\u200cخواهم',
    'मोहम्मद',
    'क्\u200dष',
    'র\u200dয',
    'ක්\u200dරියා',
    'สวัสดี',
    'မြှို့',
    'བསྒྲུབས',
    'Tiếng Việt',
    'שָׁלוֹם',
    'Ωμέγα',
    '🎶',
    '❤️',
    '❤️\u200d🔥',
    '❤\u200d🔥',
    '👩🏽\u200d🚀',
    '👨\u200d👩\u200d👧\u200d👦',
    '🇩🇪',
    '1️⃣',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    'x'.repeat(32),
    '🎶'.repeat(32),
  ])('accepts %j unchanged', (name) => {
    expect(nameFault(name, 1, max)).toBe(undefined);
    expect(normaliseName(name)).toBe(name);
  });

  it.each([
    ['  ada   lovelace  ', 'ada lovelace'],
    ['ada\u00a0\u2003\u3000lovelace', 'ada lovelace'],
    ['ＦＵＬＬ', 'FULL'],
    ['e\u0301', 'é'],
    ['ﬁ', 'fi'],
    ['™️', 'TM'],
    ['ada\ufe0f', 'ada'],
    ['☎\ufe0e', '☎'],
  ])('normalises %j to %j', (given, expected) => {
    expect(normaliseName(given)).toBe(expected);
    expect(nameFault(expected, 1, max)).toBe(undefined);
  });

  it.each(['', ' ', '\u3000', '\ufe0f', ...invisible, ...others, ...surrogates])('rejects %j', (text) => {
    expect(isAccepted(text)).toBe(false);
  });

  it.each([
    ['a combining mark first', '\u0301a'],
    ['an accent that is normalised to a combining mark', '\u00b4a'],
    ['more than five marks on a letter', 'q\u0315\u0300\u0301\u0302\u0303\u0304'],
    ['more than five Thai marks on a letter', `ก${'\u0e49'.repeat(6)}`],
    ['a joiner between Latin letters', 'a\u200db'],
    ['a joiner at the end', 'क\u200d'],
    ['two joiners', 'क्\u200d\u200dष'],
    ['a joiner between digits', '1\u200d2'],
    ['tags on a letter', 'a\u{e0067}\u{e007f}'],
    ['tags that are not the sequence of a flag', '🏴\u{e0068}\u{e0069}\u{e007f}'],
    ['33 characters', 'x'.repeat(33)],
  ])('rejects %s', (_, text) => {
    expect(isAccepted(text)).toBe(false);
  });

  it('does not change when it is normalised a second time', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (text) => {
        const name = normaliseName(text);
        expect(normaliseName(name)).toBe(name);
      }),
      { numRuns: 5000 },
    );
  });

  it('rejects an invisible character at any place in a text', () => {
    const hidden = fc.constantFrom(...invisible, ...others, ...surrogates);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), hidden, fc.nat(), (text, char, index) => {
        const place = index % (text.length + 1);
        const around = `a${text.slice(0, place)}${char}${text.slice(place)}b`;
        expect(isAccepted(around)).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });

  it('is well-formed text of bounded length if it is accepted', () => {
    const unit = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom('a', ' ', '\u0301', '\u200d'),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 20 }), (units) => {
        const name = normaliseName(units.join(''));
        if (nameFault(name, 1, max) !== undefined) return;
        expect(name.isWellFormed()).toBe(true);
        expect(name.length).toBeGreaterThan(0);
        expect(name.length).toBeLessThanOrEqual(2 * max);
        expect(name).toBe(name.trim());
        expect(name).not.toMatch(
          / {2}|[\p{Cc}\p{Co}\p{Cn}\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u061c]/u,
        );
      }),
      { numRuns: 5000 },
    );
  });

  it('is rejected for its length before a long run of combining marks is normalised', () => {
    const heap = `a${'\u0301\u0323'.repeat(32_000)}`;
    expect(nameFault(heap, 1, max)).toContain('1 to 32 characters');
  });
});
