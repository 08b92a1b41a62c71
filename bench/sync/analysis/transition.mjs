/** Where the end of a track and the beginning of the next one are looked for. */
const endSeconds = 1;
const stepSeconds = 0.1;
/** Nothing is heard below this level: the player's noise against sleeping Bluetooth devices is quieter. */
const silence = 16;
/** Silence is looked for so far around the transition. */
const aroundSeconds = 0.05;

/**
 * How a listener went from one track to the next.
 * @param heard `Heard` of the listener
 * @param ends the time of the transition
 * @param duration of the track that ends
 * @returns seconds: `gap` from the end of the track to the beginning of the next one, negative if they overlap, and the
 * longest `silent` stretch around it. NaN if one of them is not there.
 */
export function transition(heard, ends, duration) {
  const { rate } = heard.recording;
  const before = windowsBetween(heard, ends - endSeconds, ends - 0.15);
  const after = windowsBetween(heard, ends + 0.06, ends + endSeconds);
  const end = frameOf(before.slice(-2), duration, rate);
  const begin = frameOf(after.slice(0, 2), 0, rate);
  return { gap: (begin - end) / rate, silent: longestSilence(heard, ends) };
}

function windowsBetween(heard, from, to) {
  const windows = [];
  for (let time = from; time < to; time += stepSeconds) {
    const window = heard.at(time);
    if (window && !Number.isNaN(window.late)) windows.push(window);
  }
  return windows;
}

/** The frame at which a position is heard, on the line through two windows. */
function frameOf([first, second], position, rate) {
  if (!second) return NaN;
  const speed = ((second.position - first.position) * rate) / (second.frame - first.frame);
  return second.frame + ((position - second.position) * rate) / speed;
}

function longestSilence(heard, ends) {
  const { samples } = heard.samplesBetween(ends - aroundSeconds, ends + aroundSeconds);
  let longest = 0;
  let silent = 0;
  for (const sample of samples) {
    silent = Math.abs(sample) < silence ? silent + 1 : 0;
    longest = Math.max(longest, silent);
  }
  return longest / heard.recording.rate;
}
