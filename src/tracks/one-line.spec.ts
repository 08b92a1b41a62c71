import { describe, expect, it } from '@jest/globals';
import { oneLine } from './one-line.js';

describe('oneLine', () => {
  it.each([
    ['song\u202egnp.mp3', 'songgnp.mp3'],
    ['\u2066a\u2069\u200fb\u200b\ufeff', 'ab'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['👩🏽\u200d🚀', '👩🏽\u200d🚀'],
    ['\u202e\u200b', null],
  ])('turns %j into %j', (given, expected) => {
    expect(oneLine(given)).toBe(expected);
  });
});
