import type { RenderPart } from '../render/renderer.js';
import { controlStep, type ControlState } from '../timing/control.js';
import type { FeedPool } from './feed-pool.js';
import type { FrameClock } from './frame-clock.js';
import { type OutputChunk, type OutputLine, positionIn } from './output-line.js';
import { fadedIn, fadeSeconds, partOf } from './render-parts.js';
import { type Segment, segmentAfter, segmentAt, type Timeline } from './timeline.js';
import type { TrackFeed } from './track-feed.js';

const chunkSeconds = 0.5;
/** A track that ends by itself within so many seconds of its segment's end does not need a fade. */
const naturalEnd = 0.1;
/** Decoded audio beyond what is scheduled. */
const readAhead = 2;

export type SchedulerState =
  | { is: 'idle' }
  | { is: 'waiting'; feed: TrackFeed }
  | { is: 'playing' }
  | { is: 'failed'; segment: Segment };

/** What is rendered next. */
export interface Plan {
  chunk: OutputChunk;
  parts: RenderPart[];
  control: ControlState;
}

/** What is scheduled last, at the frame that follows it. */
interface Previous {
  segment: Segment;
  position: number;
  feed: TrackFeed;
}

/** Decides what is rendered next: which track, from which position on, and how fast. Owned by the scheduler. */
export class Planner {
  /** What playing waits for, as the last plan found it. */
  state: SchedulerState = { is: 'idle' };

  constructor(
    private readonly line: OutputLine,
    private readonly pool: FeedPool,
    private readonly clock: FrameClock,
  ) {}

  /**
   * @param head the frame from which on nothing is scheduled
   * @param limit the frame up to which is rendered now
   * @returns undefined if nothing is to be rendered now, or its audio is not there yet
   */
  plan(timeline: Timeline, head: number, limit: number, control: ControlState): Plan | undefined {
    let previous = this.#continued(head);
    let frame = head;
    while (frame < limit) {
      const segment = segmentAt(timeline, this.clock.timeAt(frame));
      if (previous && previous.segment.id !== segment?.id && !this.#endsByItself(previous)) {
        return this.#change(frame, control, previous, segment);
      }
      if (segment) {
        return this.#continue(
          frame,
          control,
          segment,
          previous?.segment.id === segment.id ? previous : undefined,
        );
      }
      const next = segmentAfter(timeline, this.clock.timeAt(frame));
      frame = next ? Math.max(Math.ceil(this.clock.frameAt(next.begins) - 1e-6), frame + 1) : Infinity;
      if (frame >= limit) this.state = { is: 'idle' };
      previous = undefined;
    }
    return undefined;
  }

  /** The position, at the head, of what is scheduled before it. */
  #continued(head: number): Previous | undefined {
    const chunk = this.line.chunkBefore(head);
    const feed = chunk && this.pool.existing(chunk.segment);
    if (!chunk || chunk.speed === 0 || !feed) return undefined;
    return { segment: chunk.segment, position: positionIn(chunk, head, this.clock.rate), feed };
  }

  /** The next chunk of a segment: continues it, corrects it, or begins it. */
  #continue(
    head: number,
    state: ControlState,
    segment: Segment,
    previous: Previous | undefined,
  ): Plan | undefined {
    const { rate: sampleRate } = this.clock;
    const wanted = this.clock.wanted(segment, head);
    const feed = this.pool.feedOf(segment, wanted);
    const ends = Number.isFinite(segment.ends)
      ? Math.ceil(this.clock.frameAt(segment.ends) - 1e-6)
      : Infinity;
    const frames = Math.max(1, Math.min(Math.round(chunkSeconds * sampleRate), ends - head));
    const seconds = frames / sampleRate;
    const time = head / sampleRate;
    const error = (previous?.position ?? wanted) - wanted;
    const [control, { action, rate }] = controlStep(state, {
      now: time,
      error,
      chunk: seconds,
      drift: this.clock.time.drift,
      uncertainty: this.clock.time.uncertainty,
    });
    if (previous && action === 'jump') return this.#change(head, control, previous, segment);
    const speed = 1 + rate;
    const position = previous?.position ?? wanted;
    if (!this.#hasAudio(segment, feed, position, seconds * speed)) return undefined;
    const fadeIn = !previous && position > fadeSeconds;
    return {
      chunk: { frame: head, frames, segment, position, speed },
      parts: fadeIn
        ? fadedIn(feed, position, speed, frames, sampleRate)
        : [partOf(feed, position, speed, frames, sampleRate)],
      control,
    };
  }

  /** The chunk in which one stretch of audio is faded out and another one, if any, in. */
  #change(frame: number, control: ControlState, previous: Previous, segment: Segment | undefined): Plan {
    const { rate } = this.clock;
    const frames = Math.round(fadeSeconds * rate);
    const plan = {
      chunk: { ...previous, frame, frames, speed: 0 },
      parts: [partOf(previous.feed, previous.position, 1, frames, rate, [1, 0])],
      control,
    };
    if (!segment) return plan;
    const position = this.clock.wanted(segment, frame);
    const feed = this.pool.feedOf(segment, position);
    // Audio that is not there yet must not hold up the end of what is.
    if (!this.#hasAudio(segment, feed, position, fadeSeconds)) return plan;
    plan.chunk = { ...plan.chunk, segment, position, speed: 1 };
    plan.parts.push(partOf(feed, position, 1, frames, rate, [position > fadeSeconds ? 0 : 1, 1]));
    return plan;
  }

  /** Asks the feed for what is needed, and tells whether it is there. */
  #hasAudio(segment: Segment, feed: TrackFeed, position: number, seconds: number): boolean {
    feed.want(position + seconds + readAhead);
    const now = this.clock.earliest(0);
    const chunk = this.line.chunkAt(now);
    if (chunk?.segment.id === segment.id) feed.trim(positionIn(chunk, now, this.clock.rate) - 1);
    const margin = 256;
    const has = feed.has(
      position * feed.sampleRate - margin,
      (position + seconds) * feed.sampleRate + margin,
    );
    // What there is of a track that fails is played first.
    if (has || this.line.end > this.clock.earliest(0.5)) this.state = { is: 'playing' };
    else this.state = feed.state.is === 'failed' ? { is: 'failed', segment } : { is: 'waiting', feed };
    return has;
  }

  #endsByItself({ position, feed }: Previous): boolean {
    return feed.ended && position > feed.end / feed.sampleRate - naturalEnd;
  }
}
