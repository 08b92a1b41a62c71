import { seconds } from '../stage/stage.mjs';
import { listen, onStage, row } from './measure.mjs';

const slowerMs = 40;
/** Messages reach the second listener later than its own reach the server. */
const path = { there: { delayMs: 0, jitterMs: 0 }, back: { delayMs: slowerMs, jitterMs: 0 } };
const settle = 15;

/** One direction of a listener's path is always slower; then the listener sets the offset that makes up for it. */
export function asymmetry(rig) {
  const duration = rig.long(58);
  return onStage(rig, [2 * (settle + duration) + 20], async (stage) => {
    const listeners = await stage.addListeners({}, { path });
    await stage.begin(listeners);
    await seconds(settle);
    const before = await listen(duration);
    // The room clock of this listener is late by half of the difference.
    await listeners[1].setOffset(slowerMs / 2000);
    await seconds(settle);
    const after = await listen(duration);
    const heard = await stage.finish();
    return [
      row(`one direction ${slowerMs} ms slower`, [{ heard, at: before }], {
        median: [slowerMs / 2 - 1, slowerMs / 2 + 1],
        rate: 0.001,
      }),
      row('the same, offset set by hand', [{ heard, at: after }], { p95: 1, rate: 0.001 }),
    ];
  });
}
