import { goalText, missed } from './goals.mjs';

const ms = (value) => (Number.isFinite(value) ? value.toFixed(value < 9.995 ? 2 : 1) : '–');
const percent = (value) => (value === undefined ? '–' : `± ${(100 * value).toFixed(3)} %`);

const columns = [
  ['scenario', ({ label }) => label],
  ['browsers', ({ listeners }) => listeners],
  ['median, ms', ({ median }) => ms(median)],
  ['p95, ms', ({ p95 }) => ms(p95)],
  ['max, ms', ({ max }) => ms(max)],
  ['windows', ({ windows }) => windows],
  ['rate within', ({ fastest }) => percent(fastest)],
  ['cuts', ({ cuts }) => cuts ?? '–'],
  ['stalls', ({ stalls }) => stalls ?? '–'],
  ['goal', ({ goal }) => goalText(goal)],
  ['held', (row) => (missed(row).length === 0 ? 'yes' : 'no')],
];

/** The rows as a Markdown table, in columns of equal width. */
export function table(rows) {
  const cells = [
    columns.map(([title]) => title),
    ...rows.map((row) => columns.map(([, show]) => String(show(row)))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index].length)));
  const lines = cells.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}
