import { times } from '../analysis/skew.mjs';
import { seconds } from '../stage/stage.mjs';
import { onStage, row } from './measure.mjs';

/** A listener has so long to be in step. */
const graceSeconds = 3;
const measuredSeconds = 10;

/** While one listener plays, others join, one after the other. */
export function late(rig) {
  const joins = rig.long(6);
  return onStage(rig, [30 + joins * 25], async (stage) => {
    const [first] = await stage.addListeners({});
    await stage.begin([first]);
    await seconds(10);
    const joined = [];
    for (let i = 0; i < joins; i += 1) {
      const [listener] = await stage.addListeners({});
      // Starting the browser has used the processor.
      await seconds(1);
      await listener.join();
      const from = listener.joinedAt + graceSeconds;
      await stage.until(from + measuredSeconds);
      joined.push({ heard: await stage.end(listener), at: times(from, from + measuredSeconds) });
    }
    const heard = await stage.end(first);
    await stage.finish();
    const parts = joined.map((part) => ({ heard: [heard, part.heard], at: part.at }));
    return [row(`late joiner, from ${graceSeconds} s after joining`, parts, { p95: 5 })];
  });
}
