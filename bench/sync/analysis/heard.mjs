import { locate } from '../signal/correlate.mjs';
import { OutputTime } from '../signal/output-time.mjs';

/** Samples of a stretch that is looked for in its track: 85 ms. */
const stretch = 4096;
/** Samples before and behind the place where it should be. A stretch and both are a power of two, for the transform. */
const margin = 2048;
/** The same where it is not there: ± 0.6 s. */
const wideMargin = 14 * 2048;
/** Correlations below this are of something else, or of silence. */
const minQuality = 0.4;
/** Stretches that contain a change of what is played tell nothing. */
const edgeSeconds = 0.05;

/** From so long before a stall of the output on, and for so long after it, a player may be off: it has to notice first. */
const beforeStall = 0.5;
export const stallSeconds = 3;

/** What a listener heard, and when: found by looking for its recording in the tracks. */
export class Heard {
  #output;

  /**
   * @param recording see `Listener.finish`
   * @param sources samples of the tracks by id, at the rate of the recording
   */
  constructor(recording, sources, timeline) {
    this.recording = recording;
    this.sources = sources;
    this.timeline = timeline;
    this.#output = new OutputTime(recording.stamps);
  }

  get name() {
    return this.recording.name;
  }

  /** When the output stood still, because the machine was too slow. */
  stallsBetween(from, to) {
    return this.#output.stallsBetween(from, to);
  }

  /**
   * @param time seconds on the machine's clock
   * @returns undefined where nothing is to be heard for the length of a stretch. Otherwise `late`: seconds by which the
   * room's position is heard later, NaN if something else or nothing is heard; `frame` and `position` of its beginning;
   * `disturbed`: whether the output has stalled shortly before
   */
  at(time) {
    const { rate, firstFrame } = this.recording;
    const segment = this.timeline.at(time - edgeSeconds);
    if (!segment || segment !== this.timeline.at(time + stretch / rate + edgeSeconds)) return undefined;
    const first = Math.round(this.#output.contextTimeAt(time) * rate);
    const from = first - firstFrame;
    const captured = this.recording.samples.subarray(Math.max(0, from), Math.max(0, from + stretch));
    const source = this.sources.get(segment.trackId);
    const heardAt = this.#output.heardAt(first / rate);
    const expected = Math.round((heardAt - segment.startedAt) * rate);
    if (expected + stretch > source.length) return undefined;
    const position = captured.length === stretch && expected >= 0 ? find(source, captured, expected) : NaN;
    return {
      time,
      trackId: segment.trackId,
      frame: first,
      position: position / rate,
      disturbed: this.stallsBetween(time - stallSeconds, time + beforeStall).length > 0,
      late: heardAt - segment.startedAt - position / rate,
    };
  }

  /** The samples that are heard between two times, and the frame of the first. */
  samplesBetween(from, to) {
    const { rate, firstFrame, samples } = this.recording;
    const first = Math.round(this.#output.contextTimeAt(from) * rate);
    const last = Math.round(this.#output.contextTimeAt(to) * rate);
    return { first, samples: samples.subarray(first - firstFrame, last - firstFrame) };
  }
}

/** The sample of the source, with fraction, at which what was captured begins; NaN if it is not there. */
function find(source, captured, expected) {
  for (const reach of [margin, wideMargin]) {
    const from = Math.max(0, expected - reach);
    const to = Math.min(source.length, expected + stretch + reach);
    const { lag, quality } = locate(source.subarray(from, to), captured);
    if (quality >= minQuality) return from + lag;
  }
  return NaN;
}
