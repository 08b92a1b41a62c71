import type { PlayerTrack, SilentReason } from '../player-room.js';
import type { RenderHost } from '../render/render-host.js';
import { horizonFor, initialControl, jumpCooldown, jumpFrom } from '../timing/control.js';
import type { RoomTime } from '../timing/room-time.js';
import { type FeedPool, prepareSeconds } from './feed-pool.js';
import { FrameClock } from './frame-clock.js';
import type { HeardPosition } from './output.js';
import { OutputLine, positionIn } from './output-line.js';
import { Planner, type SchedulerState } from './planner.js';
import { fadeSeconds } from './render-parts.js';
import { emptyTimeline, type Segment, segmentAfter, type Timeline } from './timeline.js';

/** What is about to be played is not changed: rendering, and the browser's own buffers, take time. */
const guardSeconds = 0.3;
/** The guard of corrections that can wait. */
const correctionGuardSeconds = 1;
/** The guard where a command of the room cuts what is scheduled; it is to be heard at once. */
const commandGuardSeconds = 0.05;
/** A chunk that is ready later than this before its time is not played. */
const lateSeconds = 0.01;
/** Errors of scheduled audio from here on are corrected in it, others behind it. */
const rescheduleFrom = 0.001;
/** Time between two corrections of scheduled audio. */
const rescheduleEvery = 2;
/** What comes next is decoded so many seconds before it begins. */
const prepareBefore = 20;
/** What was played is known for so long: it is heard later, by seconds on some devices. */
const historySeconds = 30;

/**
 * Renders the timeline ahead of time, chunk after chunk, so that each position of a track is heard at its room time.
 * Owned by the player. What is scheduled ends at most a horizon ahead (`horizonFor`).
 */
export class Scheduler {
  readonly #line: OutputLine;
  readonly #clock: FrameClock;
  readonly #planner: Planner;
  #timeline: Timeline = emptyTimeline;
  #control = initialControl;
  /** The frame at which the next chunk begins. */
  #head = 0;
  /** Whether the next chunk replaces what is scheduled from the head on, which is played until then. */
  #replacing = false;
  /** Grows with each change of what was scheduled; a chunk rendered for an older one is dropped. */
  #generation = 0;
  #filling = false;
  #fillAgain = false;
  #lastReschedule = -Infinity;

  constructor(
    private readonly context: BaseAudioContext,
    destination: AudioNode,
    private readonly host: RenderHost,
    private readonly pool: FeedPool,
    private readonly time: RoomTime,
    private readonly isHidden: () => boolean,
  ) {
    this.#line = new OutputLine(context, destination);
    this.#clock = new FrameClock(context, time);
    this.#planner = new Planner(this.#line, pool, this.#clock);
  }

  get state(): SchedulerState {
    return this.#planner.state;
  }

  /** Seconds that are scheduled ahead. */
  get buffered(): number {
    return Math.max(0, this.#line.end / this.#clock.rate - this.context.currentTime);
  }

  /** What is heard at a context time: from what was scheduled, not from what should have been. */
  heardAt(contextTime: number): HeardPosition | undefined {
    const frame = Math.round(contextTime * this.#clock.rate);
    const chunk = this.#line.chunkAt(frame);
    if (!chunk || chunk.speed === 0) return undefined;
    const position = positionIn(chunk, contextTime * this.#clock.rate, this.#clock.rate);
    return {
      trackId: chunk.segment.track.id,
      position,
      error: position - this.#clock.wanted(chunk.segment, frame),
    };
  }

  /** Why there is silence in what is heard at a context time; undefined if there is none. */
  silenceAt(contextTime: number): SilentReason | undefined {
    const chunk = this.#line.chunkAt(Math.round(contextTime * this.#clock.rate));
    if (!chunk) return undefined;
    const position = positionIn(chunk, contextTime * this.#clock.rate, this.#clock.rate);
    return this.pool.existing(chunk.segment)?.silenceAt(position);
  }

  /** Takes a new timeline, for the next step: keeps what is scheduled and still right. */
  setTimeline(timeline: Timeline): void {
    const before = this.#timeline;
    this.#timeline = timeline;
    if (!this.time.ready) return;
    const now = this.#clock.timeAt(this.#clock.earliest(0));
    const endIn = ({ segments }: Timeline, { id, begins }: Segment) =>
      segments.find((segment) => segment.id === id)?.ends ?? begins;
    const changes = [...before.segments, ...timeline.segments].map((segment) => {
      const [old, ends] = [endIn(before, segment), endIn(timeline, segment)];
      // What is over is not changed by being forgotten.
      return old === ends || Math.max(old, ends) <= now ? Infinity : Math.min(old, ends);
    });
    this.#reschedule(this.#clock.frameAt(Math.min(...changes)), commandGuardSeconds);
  }

  /** Stops everything that is scheduled: the output stands still, or became another one. */
  reset(): void {
    this.#generation += 1;
    this.#line.cutFrom(0);
    this.#head = 0;
    this.#replacing = false;
    this.#control = initialControl;
    this.#lastReschedule = -Infinity;
  }

  /** One step of the control loop, about every 250 ms: corrects what is scheduled where that is needed. */
  step(): void {
    if (!this.time.ready) return;
    const guard = this.#clock.earliest(guardSeconds);
    this.pool.keep([...this.#timeline.segments, ...this.#line.segmentsFrom(guard)]);
    this.#line.forgetBefore(guard - historySeconds * this.#clock.rate);
    const next = segmentAfter(this.#timeline, this.#clock.timeAt(guard));
    if (next && next.begins < this.#clock.timeAt(this.#clock.earliest(prepareBefore))) {
      const position = next.begins - next.startedAt;
      this.pool.feedOf(next, position).want(position + prepareSeconds);
    }
    this.#correct();
    void this.fill();
  }

  /** Renders and schedules up to the horizon, as far as there is decoded audio. */
  async fill(): Promise<void> {
    this.#fillAgain = true;
    if (this.#filling) return;
    this.#filling = true;
    try {
      while (this.#fillAgain) {
        this.#fillAgain = false;
        while (await this.#addChunk());
      }
    } finally {
      this.#filling = false;
    }
  }

  close(): void {
    this.reset();
    this.pool.close();
  }

  /** Renders what is scheduled again, from soon on, if the clocks tell by now that it is off. */
  #correct(): void {
    if (this.#replacing) return;
    const rested = this.context.currentTime - this.#lastReschedule;
    const [late, soon] = [this.#errorAt(correctionGuardSeconds), this.#errorAt(guardSeconds)];
    let guard: number;
    if (soon > jumpFrom && rested >= jumpCooldown) guard = guardSeconds;
    else if (late > rescheduleFrom && rested >= rescheduleEvery) guard = correctionGuardSeconds;
    else return;
    this.#lastReschedule = this.context.currentTime;
    this.#renderAgain(this.#clock.earliest(guard));
  }

  /** By how much what is scheduled in so many seconds is off; 0 where that is less than the clocks' uncertainty. */
  #errorAt(seconds: number): number {
    const frame = this.#clock.earliest(seconds);
    const chunk = this.#line.chunkAt(frame);
    if (!chunk || chunk.speed === 0) return 0;
    const error = Math.abs(
      positionIn(chunk, frame, this.#clock.rate) - this.#clock.wanted(chunk.segment, frame),
    );
    return error > this.time.uncertainty ? error : 0;
  }

  async #addChunk(): Promise<boolean> {
    if (!this.time.ready) return false;
    const clock = this.#clock;
    if (this.#replacing && this.#head < clock.earliest(lateSeconds)) this.#goOn();
    // After an interruption, or at the very beginning, there is nothing to continue.
    if (this.#head < clock.earliest(lateSeconds + fadeSeconds)) {
      this.#head = clock.earliest(commandGuardSeconds);
    }
    const limit = clock.earliest(horizonFor(this.time.uncertaintyAhead, this.isHidden()));
    const plan = this.#planner.plan(this.#timeline, this.#head, limit, this.#control);
    if (!plan) return false;
    const generation = this.#generation;
    const { chunk, parts, control } = plan;
    const channels = await this.host.render(chunk.frames, parts).catch(() => undefined);
    if (!channels) return false;
    if (generation !== this.#generation) return true;
    if (chunk.frame >= clock.earliest(lateSeconds)) {
      if (this.#replacing) this.#line.cutFrom(chunk.frame);
      this.#replacing = false;
      this.#line.schedule(chunk, channels);
      this.#control = control;
      this.#head = chunk.frame + chunk.frames;
    }
    return true;
  }

  /** Drops what is scheduled from a frame on, but nothing that is about to be played. */
  #reschedule(frame: number, guard: number): void {
    const from = Math.max(Math.ceil(frame - 1e-6), this.#clock.earliest(guard));
    this.#line.cutFrom(from);
    if (from >= this.#head) return;
    this.#replacing = false;
    this.#moveHead(from);
  }

  /** Replaces what is scheduled from a frame on, as soon as that is rendered: a busy machine must not make a gap. */
  #renderAgain(from: number): void {
    if (from >= this.#head) return;
    this.#replacing = true;
    this.#moveHead(from);
  }

  /** Gives up replacing: it was not rendered in time. */
  #goOn(): void {
    this.#replacing = false;
    this.#moveHead(this.#line.end);
  }

  #moveHead(frame: number): void {
    this.#generation += 1;
    this.#head = frame;
    if (this.#control.lastJump > frame / this.#clock.rate) this.#control = initialControl;
  }

  /** Decodes what the room will play when it goes on. */
  prepare(track: PlayerTrack, position: number): void {
    this.pool.prepare(track, position);
  }
}
