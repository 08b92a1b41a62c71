import type { PlayerClock } from '../player-room.js';
import type { AudioClock } from './audio-clock.js';
import { fitLine, type Point } from './line-fit.js';

/** The drift is estimated over so many seconds, of which one reading each is kept. */
const windowSeconds = 180;
const readingInterval = 1;
/** Less time than this does not tell a drift from noise. */
const minSeconds = 15;
/** After so many seconds it is known well enough for a long horizon. */
const knownAfterSeconds = 45;
/** A larger change between two steps is a new synchronisation, not drift. */
const stepOfClock = 0.003;
/** The horizon is short while the drift is unknown: a usual drift moves the end of a long one by milliseconds. */
const uncertaintyWithoutDrift = 0.011;

/**
 * Relates the context time of an output to the room time at which it is heard. Owned by the player, which calls
 * `update` about four times a second; between two calls the relation is a fixed line.
 */
export class RoomTime {
  /** x: context time; y: room time − x. */
  #points: Point[] = [];
  #origin = 0;
  #room = NaN;
  #drift = 0;
  #driftKnown = false;

  /** @param pageNow seconds of `performance.now()` */
  constructor(
    private readonly clock: PlayerClock,
    private readonly audioClock: AudioClock,
    private readonly pageNow: () => number,
  ) {}

  /** Whether the room clock and the output clock are known. */
  get ready(): boolean {
    return Number.isFinite(this.#room);
  }

  /** By how much the room clock is faster than the output: 1e-4 is 0.1 ms a second. */
  get drift(): number {
    return this.#drift;
  }

  /** Seconds by which the room time of a frame that is heard now may be wrong. */
  get uncertainty(): number {
    return this.clock.uncertainty;
  }

  /** The same for frames that are scheduled ahead, which the drift moves. */
  get uncertaintyAhead(): number {
    return Math.max(this.clock.uncertainty, this.#driftKnown ? 0 : uncertaintyWithoutDrift);
  }

  /** The room time, in seconds, at which the frame at a context time is heard. NaN until `ready`. */
  at(contextTime: number): number {
    return this.#room + (contextTime - this.#origin) * (1 + this.#drift);
  }

  /** The context time that is heard at a room time. */
  contextTimeAt(roomTime: number): number {
    return this.#origin + (roomTime - this.#room) / (1 + this.#drift);
  }

  /** Takes what the clocks say now. */
  update(contextTime: number): void {
    const heardAt = this.audioClock.at(contextTime);
    if (!Number.isFinite(heardAt) || !Number.isFinite(this.clock.uncertainty)) {
      this.reset();
      return;
    }
    this.#origin = contextTime;
    this.#room = this.clock.now() + (heardAt - this.pageNow());
    this.#addPoint({ x: contextTime, y: this.#room - contextTime });
  }

  /** Forgets everything: the output changed or stood still. */
  reset(): void {
    this.#points = [];
    this.#room = NaN;
    this.#drift = 0;
    this.#driftKnown = false;
  }

  #addPoint(point: Point): void {
    const newest = this.#points.at(-1);
    if (newest && (point.x < newest.x || Math.abs(point.y - newest.y) > stepOfClock)) this.#points = [];
    else if (newest && point.x < newest.x + readingInterval) return;
    this.#points.push(point);
    while (this.#points[0]!.x < point.x - windowSeconds) this.#points.shift();
    const seconds = point.x - this.#points[0]!.x;
    this.#driftKnown = seconds >= knownAfterSeconds;
    if (seconds >= minSeconds) this.#drift = fitLine(this.#points)!.slope;
  }
}
