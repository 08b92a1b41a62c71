import { quantile } from './playing.mjs';

/** Of so many pings the one with the shortest round trip counts. */
const groupSize = 20;

/**
 * Relates a page's clock (`performance.timeOrigin + performance.now()`) to the machine's. Both are the system's
 * monotonic clock, which is shared by all processes, unless a page's clock was made to run faster.
 */
export class PageClock {
  #pings = [];

  /** @param sent, returned: on the machine's clock; `time`: the page's answer. Milliseconds. */
  add(sent, time, returned) {
    this.#pings.push({ at: time, difference: time - (sent + returned) / 2, roundTrip: returned - sent });
  }

  /** The difference of the page's clock to the machine's, in ms: the middle one of all the time. */
  get differenceMs() {
    return quantile(
      this.#best().map(({ difference }) => Math.abs(difference)),
      0.5,
    );
  }

  /** By how much the page's clock is faster than the machine's. */
  get rate() {
    return fit(this.#best()).slope;
  }

  /** @returns what converts the page's time to the machine's, by a line through the pings */
  correction() {
    const { origin, value, slope } = fit(this.#best());
    return (time) => time - value - slope * (time - origin);
  }

  #best() {
    const groups = [];
    for (let i = 0; i + groupSize <= this.#pings.length; i += groupSize) {
      groups.push(this.#pings.slice(i, i + groupSize));
    }
    if (groups.length === 0) groups.push(this.#pings);
    return groups.map((pings) => pings.reduce((a, b) => (b.roundTrip < a.roundTrip ? b : a)));
  }
}

/** Least squares, repeated once without the half that is farther off. */
function fit(pings) {
  const line = leastSquares(pings);
  const distance = ({ at, difference }) =>
    Math.abs(difference - line.value - line.slope * (at - line.origin));
  const sorted = [...pings].sort((a, b) => distance(a) - distance(b));
  return pings.length < 4 ? line : leastSquares(sorted.slice(0, Math.ceil(pings.length / 2)));
}

function leastSquares(pings) {
  const mean = (of) => pings.reduce((sum, ping) => sum + of(ping), 0) / pings.length;
  const origin = mean(({ at }) => at);
  const value = mean(({ difference }) => difference);
  const variance = mean(({ at }) => (at - origin) ** 2);
  const slope =
    variance === 0 ? 0 : mean(({ at, difference }) => (at - origin) * (difference - value)) / variance;
  return { origin, value, slope };
}
