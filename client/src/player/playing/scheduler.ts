import type { PlayerTrack } from '../player-room.js';
import type { RenderHost } from '../render/render-host.js';
import type { RenderPart } from '../render/renderer.js';
import {
  controlStep,
  type ControlState,
  horizonFor,
  initialControl,
  jumpCooldown,
  jumpFrom,
} from '../timing/control.js';
import type { RoomTime } from '../timing/room-time.js';
import type { HeardPosition } from './output.js';
import type { FeedPool } from './feed-pool.js';
import { type OutputChunk, OutputLine, positionIn } from './output-line.js';
import { fadedIn, fadeSeconds, partOf } from './render-parts.js';
import { emptyTimeline, type Segment, segmentAfter, segmentAt, type Timeline } from './timeline.js';
import type { TrackFeed } from './track-feed.js';

const chunkSeconds = 0.5;
/** What is about to be played is not changed: rendering, and the browser's own buffers, take time. */
const guardSeconds = 0.3;
/** The guard where a command of the room cuts what is scheduled; it is to be heard at once. */
const commandGuardSeconds = 0.05;
/** A chunk that is ready later than this before its time is not played. */
const lateSeconds = 0.01;
/** Errors of scheduled audio from here on are corrected in it, others behind it. */
const rescheduleFrom = 0.001;
/** Time between two corrections of scheduled audio. */
const rescheduleEvery = 2;
/** A track that ends by itself within so many seconds of its segment's end does not need a fade. */
const naturalEnd = 0.1;
/** Decoded audio beyond what is scheduled. */
const readAhead = 2;
/** What was played is known for so long: it is heard later, by seconds on some devices. */
const historySeconds = 30;

export type SchedulerState =
  | { is: 'idle' }
  | { is: 'waiting'; feed: TrackFeed }
  | { is: 'playing' }
  | { is: 'failed'; segment: Segment };

/** What is rendered next: `chunk` begins where the line ends. */
interface Plan {
  chunk: OutputChunk;
  parts: RenderPart[];
  control: ControlState;
}

/**
 * Renders the timeline ahead of time, chunk after chunk, so that each position of a track is heard at its room time.
 * Owned by the player. What is scheduled ends at most a horizon ahead (`horizonFor`).
 */
export class Scheduler {
  readonly #line: OutputLine;
  readonly #rate: number;
  #timeline: Timeline = emptyTimeline;
  #control = initialControl;
  /** The frame at which the next chunk begins. */
  #head = 0;
  /** Grows with each change of what was scheduled; a chunk rendered for an older one is dropped. */
  #generation = 0;
  #filling = false;
  #fillAgain = false;
  #lastReschedule = -Infinity;
  #state: SchedulerState = { is: 'idle' };

  constructor(
    private readonly context: BaseAudioContext,
    destination: AudioNode,
    private readonly host: RenderHost,
    private readonly pool: FeedPool,
    private readonly time: RoomTime,
    private readonly isHidden: () => boolean,
  ) {
    this.#line = new OutputLine(context, destination);
    this.#rate = context.sampleRate;
  }

  get state(): SchedulerState {
    return this.#state;
  }

  /** Seconds that are scheduled ahead. */
  get buffered(): number {
    return Math.max(0, this.#line.end / this.#rate - this.context.currentTime);
  }

  /** What is heard at a context time: from what was scheduled, not from what should have been. */
  heardAt(contextTime: number): HeardPosition | undefined {
    const frame = Math.round(contextTime * this.#rate);
    const chunk = this.#line.chunkAt(frame);
    if (!chunk || chunk.speed === 0) return undefined;
    const position = positionIn(chunk, contextTime * this.#rate, this.#rate);
    return {
      trackId: chunk.segment.track.id,
      position,
      error: position - this.#wanted(chunk.segment, frame),
    };
  }

  /** Applies a new timeline: keeps what is scheduled and still right. */
  setTimeline(timeline: Timeline): void {
    const before = this.#timeline;
    this.#timeline = timeline;
    if (!this.time.ready) return;
    const changes = [...before.segments, ...timeline.segments].flatMap((segment) => {
      const other = (before.segments.includes(segment) ? timeline : before).segments.find(
        ({ id }) => id === segment.id,
      );
      if (other?.ends === segment.ends) return [];
      return other ? [Math.min(other.ends, segment.ends)] : [segment.begins];
    });
    if (changes.length > 0) this.#reschedule(this.#frameAt(Math.min(...changes)), commandGuardSeconds);
    void this.fill();
  }

  /** Stops everything that is scheduled: the output stands still, or became another one. */
  reset(): void {
    this.#generation += 1;
    this.#line.cutFrom(0);
    this.#head = 0;
    this.#control = initialControl;
    this.#lastReschedule = -Infinity;
  }

  /** One step of the control loop, about every 250 ms: corrects what is scheduled where that is needed. */
  step(): void {
    if (!this.time.ready) return;
    const guard = this.#earliest(guardSeconds);
    this.pool.keep([...this.#timeline.segments, ...this.#line.segmentsFrom(guard)]);
    this.#line.forgetBefore(guard - historySeconds * this.#rate);
    const chunk = this.#line.chunkAt(guard);
    if (chunk && chunk.speed !== 0) {
      const error = Math.abs(positionIn(chunk, guard, this.#rate) - this.#wanted(chunk.segment, guard));
      const rested = this.context.currentTime - this.#lastReschedule;
      const ahead = (this.#head - guard) / this.#rate;
      const far = error > jumpFrom && rested >= jumpCooldown;
      const off = error > rescheduleFrom && rested >= rescheduleEvery && ahead > 1;
      if (error > this.time.uncertainty && (far || off)) {
        this.#lastReschedule = this.context.currentTime;
        this.#reschedule(guard, guardSeconds);
      }
    }
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

  async #addChunk(): Promise<boolean> {
    if (!this.time.ready) return false;
    const plan = this.#plan();
    if (!plan) return false;
    const generation = this.#generation;
    const { chunk, parts, control } = plan;
    const channels = await this.host.render(chunk.frames, parts).catch(() => undefined);
    if (!channels) return false;
    if (generation !== this.#generation) return true;
    if (chunk.frame >= this.#earliest(lateSeconds)) {
      this.#line.schedule(chunk, channels);
      this.#control = control;
      this.#head = chunk.frame + chunk.frames;
    }
    return true;
  }

  #plan(): Plan | undefined {
    // After an interruption, or at the very beginning, there is nothing to continue.
    if (this.#head < this.#earliest(lateSeconds + fadeSeconds)) {
      this.#head = this.#earliest(commandGuardSeconds);
    }
    const limit = this.#earliest(horizonFor(this.time.uncertaintyAhead, this.isHidden()));
    let previous = this.#continued();
    for (;;) {
      if (this.#head >= limit) return undefined;
      const segment = segmentAt(this.#timeline, this.#timeAt(this.#head));
      if (previous && previous.segment.id !== segment?.id && !this.#endsByItself(previous)) {
        return this.#change(previous, segment);
      }
      if (segment) return this.#continue(segment, previous?.segment.id === segment.id ? previous : undefined);
      const next = segmentAfter(this.#timeline, this.#timeAt(this.#head));
      if (!next) {
        this.#state = { is: 'idle' };
        return undefined;
      }
      this.pool
        .feedOf(next, Math.max(0, next.begins - next.startedAt))
        .want(next.begins - next.startedAt + readAhead);
      const begins = Math.ceil(this.#frameAt(next.begins) - 1e-6);
      if (begins >= limit) {
        this.#state = { is: 'idle' };
        return undefined;
      }
      this.#head = Math.max(begins, this.#head + 1);
      previous = undefined;
    }
  }

  /** The position, at the head, of what is scheduled before it. */
  #continued(): { segment: Segment; position: number; feed: TrackFeed } | undefined {
    const chunk = this.#line.chunkBefore(this.#head);
    const feed = chunk && this.pool.existing(chunk.segment);
    if (!chunk || chunk.speed === 0 || !feed) return undefined;
    return { segment: chunk.segment, position: positionIn(chunk, this.#head, this.#rate), feed };
  }

  /** The next chunk of a segment: continues it, corrects it, or begins it. */
  #continue(segment: Segment, previous: { position: number; feed: TrackFeed } | undefined): Plan | undefined {
    const head = this.#head;
    const wanted = this.#wanted(segment, head);
    const feed = this.pool.feedOf(segment, wanted);
    const ends = Number.isFinite(segment.ends) ? Math.ceil(this.#frameAt(segment.ends) - 1e-6) : Infinity;
    const frames = Math.max(1, Math.min(Math.round(chunkSeconds * this.#rate), ends - head));
    const seconds = frames / this.#rate;
    const time = head / this.#rate;
    const error = (previous?.position ?? wanted) - wanted;
    const [control, { action, rate }] = controlStep(this.#control, {
      now: time,
      error,
      chunk: seconds,
      drift: this.time.drift,
      uncertainty: this.time.uncertainty,
    });
    if (previous && action === 'jump') {
      const plan = this.#change({ segment, ...previous }, segment);
      return plan && { ...plan, control };
    }
    const speed = 1 + rate;
    const position = previous?.position ?? wanted;
    if (!this.#hasAudio(segment, feed, position, seconds * speed)) return undefined;
    const fadeIn = !previous && position > fadeSeconds;
    return {
      chunk: { frame: head, frames, segment, position, speed },
      parts: fadeIn
        ? fadedIn(feed, position, speed, frames, this.#rate)
        : [partOf(feed, position, speed, frames, this.#rate)],
      control,
    };
  }

  /** The chunk in which one stretch of audio is faded out and another one, if any, in. */
  #change(
    previous: { segment: Segment; position: number; feed: TrackFeed },
    segment: Segment | undefined,
  ): Plan | undefined {
    const frame = this.#head;
    const frames = Math.round(fadeSeconds * this.#rate);
    const out = partOf(previous.feed, previous.position, 1, frames, this.#rate, [1, 0]);
    const silence = { frame, frames, segment: previous.segment, position: previous.position, speed: 0 };
    const position = segment ? this.#wanted(segment, frame) : 0;
    const feed = segment && this.pool.feedOf(segment, position);
    // Audio that is not there yet must not hold up the end of what is.
    if (!segment || !feed || !this.#hasAudio(segment, feed, position, fadeSeconds)) {
      return { chunk: silence, parts: [out], control: this.#control };
    }
    const into = partOf(feed, position, 1, frames, this.#rate, [position > fadeSeconds ? 0 : 1, 1]);
    return {
      chunk: { frame, frames, segment, position, speed: 1 },
      parts: [out, into],
      control: this.#control,
    };
  }

  /** Asks the feed for what is needed, and tells whether it is there. */
  #hasAudio(segment: Segment, feed: TrackFeed, position: number, seconds: number): boolean {
    feed.want(position + seconds + readAhead);
    const now = this.#earliest(0);
    const chunk = this.#line.chunkAt(now);
    if (chunk?.segment.id === segment.id) feed.trim(positionIn(chunk, now, this.#rate) - 1);
    const margin = 256;
    const has = feed.has(
      position * feed.sampleRate - margin,
      (position + seconds) * feed.sampleRate + margin,
    );
    if (feed.state.is === 'failed') this.#state = { is: 'failed', segment };
    else this.#state = has || this.buffered > 0.5 ? { is: 'playing' } : { is: 'waiting', feed };
    return has;
  }

  #endsByItself({ position, feed }: { position: number; feed: TrackFeed }): boolean {
    return feed.ended && position > feed.end / feed.sampleRate - naturalEnd;
  }

  /** Drops what is scheduled from a frame on, but nothing that is about to be played. */
  #reschedule(frame: number, guard: number): void {
    const from = Math.max(Math.ceil(frame - 1e-6), this.#earliest(guard));
    if (from >= this.#head) return;
    this.#generation += 1;
    this.#line.cutFrom(from);
    this.#head = from;
    if (this.#control.lastJump > from / this.#rate) this.#control = initialControl;
  }

  #wanted = (segment: Segment, frame: number) => this.#timeAt(frame) - segment.startedAt;
  #timeAt = (frame: number) => this.time.at(frame / this.#rate);
  #frameAt = (roomTime: number) => this.time.contextTimeAt(roomTime) * this.#rate;
  #earliest = (guard: number) => Math.ceil((this.context.currentTime + guard) * this.#rate);

  /** Decodes what the room will play next, and, while paused, where it will go on. */
  prepare(track: PlayerTrack, position: number, seconds: number): void {
    this.pool.prepare(track, position, seconds);
  }
}
