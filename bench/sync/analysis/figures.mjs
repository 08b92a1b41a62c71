import { stallSeconds } from './heard.mjs';
import { playing, quantile } from './playing.mjs';

/**
 * By how much each two listeners were apart, and how each played. Where an output has just stalled, the player has to
 * follow first; such windows are left out, but for the largest distance in them, `disturbedMax`.
 * @param parts stretches that are measured together: `{ heard, at }`, see `compare`
 * @param compared what `compare` found for each
 * @returns milliseconds, except `fastest`, the largest distance of a listener's rate from 1
 */
export function figures(parts, compared) {
  const all = compared.flatMap((part) => part.skews);
  const skews = all.filter(({ disturbed }) => !disturbed);
  const apart = skews.map(distanceMs);
  const each = parts.flatMap(({ heard }, index) =>
    heard.map((listener, i) => playing(compared[index].windows[i], listener.recording.rate)),
  );
  const stalls = parts.flatMap(({ heard, at }) =>
    heard.map((listener) => listener.stallsBetween(at[0] - stallSeconds, at.at(-1)).length),
  );
  return {
    listeners: Math.max(...parts.map(({ heard }) => heard.length)),
    windows: new Set(skews.map(({ time }) => time)).size,
    median: quantile(apart, 0.5),
    p95: quantile(apart, 0.95),
    max: quantile(apart, 1),
    unheard: sum(compared.map((part) => part.unheard)),
    fastest: Math.max(...each.map(({ fastest }) => fastest)),
    cuts: sum(each.map(({ cuts }) => cuts)),
    stalls: sum(stalls),
    disturbedMax: Math.max(0, ...all.filter(({ disturbed }) => disturbed).map(distanceMs)),
    clocksApart: Math.max(...parts.flatMap(({ heard }) => heard.map(({ recording }) => recording.clockMs))),
    clockRates: parts[0].heard.map(({ recording }) => recording.clockRate),
    skews,
  };
}

const distanceMs = ({ skew }) => 1000 * Math.abs(skew);
const sum = (values) => values.reduce((total, value) => total + value, 0);
