import { missed } from './goals.mjs';

const width = 860;
const left = 300;
const right = 30;
const rowHeight = 26;
const top = 60;
/** Milliseconds at the ends of the logarithmic axis. */
const [least, most] = [0.01, 100];
const colors = { held: '#1c7ed6', missed: '#e03131', goal: '#2b8a3e', faint: '#868e96', grid: '#e9ecef' };
const curve = { height: 150, points: 300, top: 70 };

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** How far apart browsers play, as an SVG picture: a bar for each row, and the course of one. */
export function plot(rows, courseOf) {
  const bottom = top + rows.length * rowHeight;
  const course = rows.find(courseOf);
  const height = bottom + 50 + (course ? curve.top + curve.height + 40 : 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#343a40">
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="20" y="30" font-size="16" font-weight="600">How far apart two browsers play, ms</text>
${axis(bottom)}
${rows.map((row, index) => bar(row, top + index * rowHeight)).join('\n')}
<text x="20" y="${bottom + 40}" fill="${colors.faint}">bar: 95 % of all windows are within; line: to the largest; white: median; green: goal</text>
${course ? courseChart(course, bottom + 50 + curve.top) : ''}
</svg>
`;
}

const x = (value) => {
  const part = Math.log10(Math.max(value, least) / least) / Math.log10(most / least);
  return (left + Math.min(1, part) * (width - left - right)).toFixed(1);
};

function axis(bottom) {
  return [0.01, 0.1, 1, 10, 100]
    .map(
      (value) =>
        `<line x1="${x(value)}" x2="${x(value)}" y1="${top - 8}" y2="${bottom}" stroke="${colors.grid}"/><text x="${x(value)}" y="${bottom + 16}" text-anchor="middle">${value}</text>`,
    )
    .join('');
}

function bar(row, y) {
  const { label, listeners, median, p95, max, goal } = row;
  const color = missed(row).length === 0 ? colors.held : colors.missed;
  const middle = y + rowHeight / 2 - 3;
  const limits = goal.median ?? [goal.p95 ?? goal.max];
  const goals = limits.map(
    (limit) =>
      `<line x1="${x(limit)}" x2="${x(limit)}" y1="${y - 1}" y2="${y + rowHeight - 5}" stroke="${colors.goal}" stroke-width="2"/>`,
  );
  return `<text x="20" y="${middle + 4}">${escape(`${label} (${listeners})`)}</text><line x1="${x(p95)}" x2="${x(max)}" y1="${middle}" y2="${middle}" stroke="${color}"/><rect x="${left}" y="${y + 4}" width="${(x(p95) - left).toFixed(1)}" height="${rowHeight - 14}" fill="${color}"/><line x1="${x(median)}" x2="${x(median)}" y1="${y + 4}" y2="${y + rowHeight - 10}" stroke="#ffffff" stroke-width="2"/>${goals.join('')}`;
}

/** By how much the first of two listeners was later than the second, over time. */
function courseChart({ label, skews, goal }, y0) {
  const step = Math.max(1, Math.ceil(skews.length / curve.points));
  const points = skews.filter((_, index) => index % step === 0);
  const begin = points[0].time;
  const duration = points.at(-1).time - begin || 1;
  const limit = 1.5 * goal.p95;
  const px = (time) => (60 + ((time - begin) / duration) * (width - 60 - right)).toFixed(1);
  const py = (skewMs) =>
    (y0 + (curve.height / 2) * (1 - Math.max(-limit, Math.min(limit, skewMs)) / limit)).toFixed(1);
  const lines = [-goal.p95, 0, goal.p95].map(
    (value) =>
      `<line x1="60" x2="${width - right}" y1="${py(value)}" y2="${py(value)}" stroke="${value === 0 ? colors.grid : colors.goal}"/><text x="52" y="${Number(py(value)) + 4}" text-anchor="end">${value}</text>`,
  );
  const path = points.map(({ time, skew }) => `${px(time)},${py(1000 * skew)}`).join(' ');
  return `<text x="20" y="${y0 - 20}" font-size="14" font-weight="600">${escape(label)}: the distance over time, ms</text>${lines.join('')}<polyline points="${path}" fill="none" stroke="${colors.held}" stroke-width="1.5"/><text x="60" y="${y0 + curve.height + 16}">0 s</text><text x="${width - right}" y="${y0 + curve.height + 16}" text-anchor="end">${Math.round(duration)} s</text>`;
}
