import { times } from '../analysis/skew.mjs';
import { seconds } from '../stage/stage.mjs';
import { onStage, row } from './measure.mjs';

const graceSeconds = 3;
const measuredSeconds = 5.8;
/** Short, so that there are enough windows behind each command. */
const every = 0.125;

const commands = {
  'pause and resume': async (room) => {
    await room.pause();
    await seconds(1);
    return room.resume();
  },
  // To a part that was not heard before, and is not loaded.
  seek: (room, round) => room.seek(45 + round),
  skip: (room) => room.skip(),
};

/** The room's commands, several times each; what is heard is compared from a while after each on. */
export function commandScenario(rig) {
  const rounds = rig.long(5);
  const tracks = Array.from({ length: rounds + 1 }, () => 70);
  return onStage(rig, tracks, async (stage) => {
    const { room } = stage;
    await stage.begin(await stage.addListeners({}, {}));
    await seconds(10);
    const measured = Object.keys(commands).map((name) => ({ name, at: [] }));
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, at } of measured) {
        const { playback } = await commands[name](room, round);
        const from = playback.started_at + playback.position + graceSeconds;
        await stage.until(from + measuredSeconds);
        at.push(times(from, from + measuredSeconds, every));
      }
    }
    const heard = await stage.finish();
    return measured.map(({ name, at }) =>
      row(
        `${name}, from ${graceSeconds} s after it`,
        at.map((part) => ({ heard, at: part })),
        { p95: 5 },
      ),
    );
  });
}
