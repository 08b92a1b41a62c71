import { percentile } from './percentile.mjs';

/**
 * What became of each published event at each listener.
 * @param published `{ sequence, publishedAt }`, ascending by sequence
 */
export function deliveryFigures(listeners, published) {
  const indexOf = new Map(published.map(({ sequence }, index) => [sequence, index]));
  const totals = { expected: listeners.length * published.length, onceInOrder: 0 };
  Object.assign(totals, { lost: 0, doubled: 0, outOfOrder: 0 });
  const latencies = [];
  for (const { received } of listeners) {
    const copies = new Uint16Array(published.length);
    const late = new Uint8Array(published.length);
    let newest = -1;
    for (let i = 0; i < received.length; i += 3) {
      const index = indexOf.get(received[i]);
      if (index === undefined) continue;
      copies[index] += 1;
      if (copies[index] > 1) continue;
      if (index < newest) late[index] = 1;
      newest = Math.max(newest, index);
      const [, receivedAt, connectedAt] = received.slice(i, i + 3);
      // Events published before the connection was open were replayed: their latency is the time without a connection.
      if (connectedAt <= published[index].publishedAt) {
        latencies.push((receivedAt - published[index].publishedAt) * 1000);
      }
    }
    for (let index = 0; index < published.length; index += 1) {
      if (copies[index] === 0) totals.lost += 1;
      else if (copies[index] > 1) totals.doubled += 1;
      if (late[index]) totals.outOfOrder += 1;
      if (copies[index] === 1 && !late[index]) totals.onceInOrder += 1;
    }
  }
  const sorted = Float64Array.from(latencies).sort();
  return { ...totals, latency: { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) } };
}

export function connectionFigures(listeners) {
  const totals = {};
  for (const { counts } of listeners) {
    for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count;
  }
  const sorted = Float64Array.from(listeners.flatMap(({ reconnects }) => reconnects)).sort();
  return { ...totals, reconnect: { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) } };
}
