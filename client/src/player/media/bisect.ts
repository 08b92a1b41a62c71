/** A place in a file whose sample is known. */
export interface Mark {
  offset: number;
  sample: number;
}

/** A sample so many seconds behind a known place is reached by reading on, a later one by searching. */
export const readOnSeconds = 5;
const smallestBytes = 128 * 1024;
const maxProbes = 40;

/**
 * Finds a place that is before a sample, but not long before it, by guessing where it is and looking there.
 * @param high the end; its sample may be Infinity
 * @param probe the first place at or behind an offset; undefined if there is none
 */
export async function bisect<M extends Mark>(
  low: M,
  high: Mark,
  sample: number,
  sampleRate: number,
  probe: (offset: number, low: Mark, high: Mark) => Promise<M | undefined>,
): Promise<M> {
  for (let probes = 0; probes < maxProbes; probes += 1) {
    if (sample - low.sample < readOnSeconds * sampleRate || high.offset - low.offset < smallestBytes) break;
    const part = (sample - sampleRate - low.sample) / (high.sample - low.sample);
    const share = part > 0 ? Math.min(0.95, Math.max(0.02, part)) : 0.5;
    const guess = low.offset + Math.floor((high.offset - low.offset) * share);
    const found = await probe(guess, low, high);
    if (found && found.offset < high.offset && found.sample <= sample) low = found;
    else high = { offset: guess, sample: found && found.offset < high.offset ? found.sample : high.sample };
  }
  return low;
}
