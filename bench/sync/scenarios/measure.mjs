import { figures } from '../analysis/figures.mjs';
import { compare, times } from '../analysis/skew.mjs';
import { nowSeconds, seconds, Stage } from '../stage/stage.mjs';

/** Runs a scenario in a room of its own, and ends what it has started. */
export async function onStage(rig, tracks, run) {
  const stage = await Stage.open(rig, tracks);
  try {
    return await run(stage);
  } catch (error) {
    await stage.abandon();
    throw error;
  }
}

/** Lets the listeners play for a while. @returns the times at which they are to be compared */
export async function listen(duration, every) {
  const from = nowSeconds();
  await seconds(duration);
  return times(from, from + duration, every);
}

/**
 * A row of the table.
 * @param parts `{ heard, at }` of each stretch that is measured
 * @param goal what the row has to hold: see report/goals.mjs
 */
export function row(label, parts, goal) {
  const compared = parts.map(({ heard, at }) => compare(heard, at));
  return { label, goal, ...figures(parts, compared) };
}

/** Listeners who play one track, from a while after its beginning on. */
export function steady(rig, { label, listeners, settle, duration, every, goal }) {
  return onStage(rig, [settle + duration + 20], async (stage) => {
    await stage.begin(await stage.addListeners(...listeners));
    await seconds(settle);
    const at = await listen(duration, every);
    return [row(label, [{ heard: await stage.finish(), at }], goal)];
  });
}
