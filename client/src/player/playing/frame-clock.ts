import type { RoomTime } from '../timing/room-time.js';
import type { Segment } from './timeline.js';

/** Relates the frames of an output to room time. Owned by the scheduler. */
export class FrameClock {
  /** Frames a second. */
  readonly rate: number;

  constructor(
    private readonly context: BaseAudioContext,
    readonly time: RoomTime,
  ) {
    this.rate = context.sampleRate;
  }

  /** The room time at which a frame is heard. */
  timeAt(frame: number): number {
    return this.time.at(frame / this.rate);
  }

  /** The frame that is heard at a room time, with fraction. */
  frameAt(roomTime: number): number {
    return this.time.contextTimeAt(roomTime) * this.rate;
  }

  /** The position of a segment's track that is to be heard at a frame. */
  wanted(segment: Segment, frame: number): number {
    return this.timeAt(frame) - segment.startedAt;
  }

  /** The first frame that is played in so many seconds. */
  earliest(seconds: number): number {
    return Math.ceil((this.context.currentTime + seconds) * this.rate);
  }
}
