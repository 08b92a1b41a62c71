const width = 860;
const height = 340;
const panel = { width: 330, height: 210, top: 70 };
const series = [
  { server: 'bare', kind: 'plain', label: 'Socket.IO emit', color: '#868e96', dash: '' },
  { server: 'roomcast', kind: 'plain', label: 'Roomcast', color: '#1c7ed6', dash: '' },
  { server: 'bare', kind: 'confirmed', label: 'Socket.IO emitWithAck', color: '#868e96', dash: '6 4' },
  { server: 'roomcast', kind: 'confirmed', label: 'Roomcast, confirmed', color: '#1c7ed6', dash: '6 4' },
];

/** The growth of the cost of a delivery, as an SVG picture. */
export function plot({ listeners, rooms }, { inOneRoom, inRooms }) {
  const left = chart(listeners, 70, `listeners in one room, ${inOneRoom}`);
  const right = chart(rooms, 490, `rooms of 5 listeners, ${inRooms}`);
  const legend = series
    .map(({ label, color, dash }, i) => {
      const x = 70 + i * 190;
      return `<line x1="${x}" x2="${x + 26}" y1="322" y2="322" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash}"/><text x="${x + 32}" y="326">${label}</text>`;
    })
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#343a40">
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="70" y="30" font-size="16" font-weight="600">CPU of the server per delivery, µs</text>
${left}${right}${legend}
</svg>
`;
}

function chart(sizes, x0, title) {
  const keys = Object.keys(sizes).map(Number);
  const top =
    Math.max(...series.flatMap(({ server, kind }) => keys.map((key) => sizes[key].busy[kind].cpu[server]))) *
    1.1;
  const logs = keys.map(Math.log10);
  const x = (key) => x0 + ((Math.log10(key) - logs[0]) / (logs.at(-1) - logs[0] || 1)) * panel.width;
  const y = (value) => panel.top + panel.height * (1 - value / top);
  const step = [1, 2, 5, 10, 20, 50, 100, 200].find((candidate) => top / candidate <= 6) ?? 500;
  let out = `<text x="${x0}" y="54" fill="#868e96">${title}</text>`;
  for (let value = 0; value <= top; value += step) {
    out += `<line x1="${x0}" x2="${x0 + panel.width}" y1="${y(value)}" y2="${y(value)}" stroke="#e9ecef"/>`;
    out += `<text x="${x0 - 8}" y="${y(value) + 4}" text-anchor="end">${value}</text>`;
  }
  for (const key of keys) {
    out += `<text x="${x(key)}" y="${panel.top + panel.height + 20}" text-anchor="middle">${key}</text>`;
  }
  for (const { server, kind, color, dash } of series) {
    const points = keys.map(
      (key) => `${x(key).toFixed(1)},${y(sizes[key].busy[kind].cpu[server]).toFixed(1)}`,
    );
    out += `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2.5" stroke-dasharray="${dash}"/>`;
    for (const point of points) {
      const [cx, cy] = point.split(',');
      out += `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${color}"/>`;
    }
  }
  return out;
}
