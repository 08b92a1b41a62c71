import { deliver, median, withListeners } from './measure.mjs';
const listeners = Number(process.argv[2] ?? 500), rounds = Number(process.argv[3] ?? 3);
const out = {};
for (let r = 0; r < rounds; r += 1) for (const server of ['bare', 'roomcast']) {
  await withListeners(server, { rooms: 1, listeners }, async (c) => {
    const opts = { events: Math.max(40, Math.round(60000/listeners)), rate: Math.max(2, 10000/listeners), perEvent: listeners };
    await deliver(c, { ...opts, events: 20, confirmed: false });
    const u = await deliver(c, { ...opts, confirmed: false });
    await deliver(c, { ...opts, events: 20, confirmed: true });
    const k = await deliver(c, { ...opts, confirmed: true });
    (out[server+' plain'] ??= []).push(u.cpu); (out[server+' confirmed'] ??= []).push(k.cpu);
    console.log(server, u, k);
  });
}
for (const [k, v] of Object.entries(out)) console.log(k, median(v).toFixed(1));
console.log('ratio plain', (median(out['roomcast plain'])/median(out['bare plain'])).toFixed(2), 'confirmed', (median(out['roomcast confirmed'])/median(out['bare confirmed'])).toFixed(2));
