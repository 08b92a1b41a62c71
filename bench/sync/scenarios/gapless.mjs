import { stallSeconds } from '../analysis/heard.mjs';
import { quantile } from '../analysis/playing.mjs';
import { times } from '../analysis/skew.mjs';
import { transition } from '../analysis/transition.mjs';
import { onStage, row } from './measure.mjs';

const listeners = 5;
const trackSeconds = 8;
const settle = 10;

/** Tracks that follow each other by themselves. */
export function gapless(rig) {
  const count = Math.max(4, rig.long(9));
  const tracks = Array.from({ length: count }, () => trackSeconds);
  return onStage(rig, tracks, async (stage) => {
    const begins = await stage.begin(
      await stage.addListeners(...Array.from({ length: listeners }, () => ({}))),
    );
    const ends = begins + count * trackSeconds;
    await stage.until(ends);
    const transitions = stage.timeline.segments
      .map((segment) => segment.begins)
      .filter((time) => time > begins);
    const heard = await stage.finish();
    const at = times(begins + settle, ends - 0.5, 0.25);
    return [
      row('tracks that follow each other', [{ heard, at }], { p95: 1, rate: 0.001 }),
      gaps(heard, transitions),
    ];
  });
}

/** A row about the transitions instead of the listeners' distance. Where an output has just skipped something, none. */
function gaps(heard, transitions) {
  const found = heard.flatMap((listener) =>
    transitions
      .filter((time) => listener.stallsBetween(time - stallSeconds, time + 0.5).length === 0)
      .map((time) => transition(listener, time, trackSeconds)),
  );
  const sizes = found.map(({ gap, silent }) => 1000 * Math.max(Math.abs(gap), silent));
  return {
    label: 'the same: gap or overlap between two tracks',
    goal: { max: 2 },
    listeners: heard.length,
    windows: sizes.length,
    median: quantile(sizes, 0.5),
    p95: quantile(sizes, 0.95),
    // NaN, a transition that is not there, is not smaller than any limit.
    max: Math.max(...sizes),
    unheard: 0,
    skews: [],
  };
}
