import { describe, expect, test } from '@jest/globals';
import { missed } from './goals.mjs';
import { plot } from './plot.mjs';
import { table } from './table.mjs';

const row = {
  label: 'clean <network>',
  listeners: 2,
  windows: 240,
  median: 0.21,
  p95: 0.5,
  max: 12.345,
  unheard: 0,
  fastest: 0.0002,
  cuts: 0,
  stalls: 0,
  goal: { p95: 1, rate: 0.001 },
  skews: [
    { time: 5, pair: '0-1', skew: 0.0002 },
    { time: 6, pair: '0-1', skew: -0.0001 },
  ],
};

describe('a row', () => {
  test('holds', () => {
    expect(missed(row)).toEqual([]);
    expect(missed({ ...row, cuts: 2, stalls: 2 })).toEqual([]);
    expect(missed({ ...row, goal: { median: [0.1, 0.3] } })).toEqual([]);
  });

  test.each([
    [{ p95: 1.01 }, 'p95 1.010 > 1'],
    [{ p95: NaN }, 'p95 NaN > 1'],
    [{ windows: 0 }, 'only 0 windows'],
    [{ fewest: 241 }, 'only 240 windows'],
    [{ fastest: 0.0011 }, 'rate off by 0.00110'],
    [{ cuts: 1 }, '1 cuts, 0 stalls'],
    [{ unheard: 3 }, "3 windows without the room's track"],
    [{ goal: { max: 2 } }, 'max 12.345 > 2'],
    [{ goal: { median: [19, 21] } }, 'median 0.210 not in 19 to 21'],
  ])('misses its goal with %j', (change, finding) => {
    expect(missed({ ...row, ...change })).toEqual([finding]);
  });
});

test('the table has a line for each row, and says which goals are held', () => {
  const lines = table([row, { ...row, p95: 3, cuts: undefined }]).split('\n');
  expect(lines).toHaveLength(4);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines[2]).toMatch(/0\.21 .* 0\.50 .* 12\.3 .* 240 .* ± 0\.020 % .* 0 .* 0 .* p95 ≤ 1 ms .* yes/);
  expect(lines[3]).toMatch(/ – .* no /);
});

test('the picture has a bar for each row, and the course of one', () => {
  const svg = plot([row, { ...row, p95: 3 }], ({ p95 }) => p95 === 0.5);
  expect(svg.match(/<rect /g)).toHaveLength(3);
  expect(svg).toContain('clean &lt;network> (2)');
  expect(svg.match(/<polyline /g)).toHaveLength(1);
  expect(svg).not.toContain('NaN');
});
