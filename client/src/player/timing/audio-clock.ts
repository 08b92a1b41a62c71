import { fitLine, type Line, lineAt, median, type Point } from './line-fit.js';

/** One reading of an output clock. All in seconds; `pageTime` is `performance.now()` in seconds. */
export interface OutputReading {
  pageTime: number;
  /** `currentTime` of the context. */
  currentTime: number;
  /** `outputLatency` of the context; undefined where the browser has none. */
  outputLatency: number | undefined;
  /** `getOutputTimestamp`: the frame at `contextTime` is heard at `pageTime`. */
  timestamp: { contextTime: number; pageTime: number } | undefined;
}

/** The fit covers so many seconds: over 10 s the noise of its end is 0.15 ms, over 30 s 0.08 ms. */
const windowSeconds = 30;
/** Readings that are kept at most: those of 30 s at the interval of the player. */
const maxPoints = 300;
/** A time stamp that is older says nothing about now. */
const maxAge = 0.25;
/** Bounds of the slope between successive time stamps: outside it one of them is an outlier. */
const minSlope = 0.95;
const maxSlope = 1.05;
/** Where the browser does not tell: an ordinary device without Bluetooth. */
const unknownLatency = 0.04;
/** So many readings in a row on one side of the fit, by at least `jump` seconds, mean that the output changed. */
const readingsOfJump = 8;
const jump = 0.004;
/** Without so many readings there is no estimate. */
const minReadings = 5;
/** Resampling corrects at most 0.1 %; a steeper fit is one of too few readings. */
const maxFittedSlope = 0.001;
/** A fit over less time than this takes the clocks for equally fast. */
const minSlopeSeconds = 3;

/**
 * Estimates when a frame of an audio context is heard, from many noisy readings. Owned by the player. `at` is
 * continuous but for changes of the output, and a single wrong reading does not move it.
 */
export class AudioClock {
  /** x: context time; y: page time at which it is heard, minus x. */
  #points: Point[] = [];
  #line: Line | undefined;
  #lastStamp: { contextTime: number; pageTime: number } | undefined;
  #offLine: number[] = [];
  #latency: number | undefined;
  /** Whether the estimate rests on `getOutputTimestamp`; else on `currentTime` and `outputLatency`. */
  #usesTimestamps = true;

  /** Whether there are enough readings to tell. */
  get ready(): boolean {
    return this.#points.length >= minReadings;
  }

  /** The page time, in seconds, at which the frame at a context time is heard. NaN until `ready`. */
  at(contextTime: number): number {
    return this.#line && this.ready ? contextTime + lineAt(this.#line, contextTime) : NaN;
  }

  /** Forgets everything: the context was suspended, or its output changed. */
  reset(): void {
    this.#points = [];
    this.#line = undefined;
    this.#lastStamp = undefined;
    this.#offLine = [];
    this.#latency = undefined;
  }

  /** Takes a reading; the player calls it about every 100 ms while the context runs. */
  add(reading: OutputReading): void {
    this.#smoothLatency(reading.outputLatency);
    const stamp = reading.timestamp;
    const usable = stamp !== undefined && (stamp.contextTime > 0 || stamp.pageTime > 0);
    if (usable !== this.#usesTimestamps && reading.currentTime > 1) {
      this.#usesTimestamps = usable;
      this.#points = [];
    }
    if (usable) this.#addStamp(stamp, reading.pageTime);
    else if (!this.#usesTimestamps) {
      this.#addPoint({
        x: reading.currentTime,
        y: reading.pageTime + (this.#latency ?? unknownLatency) - reading.currentTime,
      });
    }
  }

  #addStamp(stamp: { contextTime: number; pageTime: number }, pageTime: number): void {
    const previous = this.#lastStamp;
    this.#lastStamp = stamp;
    if (Math.abs(pageTime - stamp.pageTime) > maxAge) return;
    if (previous) {
      const slope = (stamp.pageTime - previous.pageTime) / (stamp.contextTime - previous.contextTime);
      if (!(slope >= minSlope && slope <= maxSlope)) return;
    }
    this.#addPoint({ x: stamp.contextTime, y: stamp.pageTime - stamp.contextTime });
  }

  #addPoint(point: Point): void {
    const newest = this.#points.at(-1);
    if (newest && point.x <= newest.x) {
      // Readings of the same moment add nothing; a context time that goes back belongs to another output.
      if (point.x < newest.x - 1) this.#points = [];
      else return;
    }
    this.#points.push(point);
    this.#findJump(point);
    const oldest = point.x - windowSeconds;
    while (this.#points.length > maxPoints || this.#points[0]!.x < oldest) this.#points.shift();
    const line = fitLine(this.#points)!;
    const seconds = point.x - this.#points[0]!.x;
    if (seconds < minSlopeSeconds || Math.abs(line.slope) > maxFittedSlope) {
      this.#line = { origin: line.origin, value: median(this.#points.map(({ y }) => y)), slope: 0 };
    } else this.#line = line;
  }

  /** After a change of the output the older readings would hold the fit back for seconds. */
  #findJump(point: Point): void {
    const off = this.#line ? point.y - lineAt(this.#line, point.x) : 0;
    if (Math.abs(off) < jump || (this.#offLine[0] ?? off) * off < 0) this.#offLine = [];
    if (Math.abs(off) >= jump) this.#offLine.push(off);
    if (this.#offLine.length < readingsOfJump) return;
    this.#points = this.#points.slice(-readingsOfJump);
    this.#offLine = [];
  }

  #smoothLatency(latency: number | undefined): void {
    if (latency === undefined || !(latency > 0)) return;
    this.#latency = this.#latency === undefined ? latency : this.#latency + 0.05 * (latency - this.#latency);
  }
}
