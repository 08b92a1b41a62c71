import type { Segment } from './timeline.js';

/** A stretch of output of known content. Frames are counted in the context's time from its beginning. */
export interface OutputChunk {
  frame: number;
  frames: number;
  segment: Segment;
  /** Seconds into the track at `frame`. */
  position: number;
  /** Seconds of the track for each second of output; 0 for a chunk that fades out and has no position. */
  speed: number;
}

interface Scheduled extends OutputChunk {
  /** Undefined once it was played: what is heard lags behind, and the samples need not be kept for that. */
  node: AudioBufferSourceNode | undefined;
}

/**
 * The chunks that a context was told to play, each beginning exactly where the one before it ends. Owned by the
 * scheduler.
 */
export class OutputLine {
  #chunks: Scheduled[] = [];

  constructor(
    private readonly context: BaseAudioContext,
    private readonly destination: AudioNode,
  ) {}

  /** The frame behind the last chunk; 0 if nothing is scheduled. */
  get end(): number {
    const last = this.#chunks.at(-1);
    return last ? last.frame + last.frames : 0;
  }

  /** Plays a chunk; `frame` is not before `end`. */
  schedule(chunk: OutputChunk, channels: Float32Array<ArrayBuffer>[]): void {
    const buffer = this.context.createBuffer(channels.length, chunk.frames, this.context.sampleRate);
    channels.forEach((channel, index) => buffer.copyToChannel(channel, index));
    const node = this.context.createBufferSource();
    node.buffer = buffer;
    node.connect(this.destination);
    node.start(this.#timeOf(chunk.frame));
    const scheduled: Scheduled = { ...chunk, node };
    node.onended = () => release(scheduled);
    this.#chunks.push(scheduled);
  }

  /** Plays nothing from a frame on. A chunk that contains the frame is stopped there. */
  cutFrom(frame: number): void {
    for (const chunk of this.#chunks) {
      if (chunk.frame + chunk.frames <= frame) continue;
      if (chunk.frame < frame) chunk.node?.stop(this.#timeOf(frame));
      else release(chunk);
      chunk.frames = frame - chunk.frame;
    }
    this.#chunks = this.#chunks.filter(({ frames }) => frames > 0);
  }

  /** What is played at a frame. */
  chunkAt(frame: number): OutputChunk | undefined {
    return this.#chunks.find((chunk) => chunk.frame <= frame && frame < chunk.frame + chunk.frames);
  }

  /** The chunk that ends at a frame, or goes on beyond it. */
  chunkBefore(frame: number): OutputChunk | undefined {
    return this.#chunks.find((chunk) => chunk.frame < frame && frame <= chunk.frame + chunk.frames);
  }

  /** The segments that are played at a frame or later. */
  segmentsFrom(frame: number): Segment[] {
    return this.#chunks.filter((chunk) => chunk.frame + chunk.frames > frame).map(({ segment }) => segment);
  }

  /** Forgets what was played before a frame. */
  forgetBefore(frame: number): void {
    while (this.#chunks.length > 1 && this.#chunks[0]!.frame + this.#chunks[0]!.frames <= frame) {
      this.#chunks.shift();
    }
  }

  #timeOf(frame: number): number {
    return frame / this.context.sampleRate;
  }
}

/** A node that is scheduled lives until its time: without its buffer it is small. */
function release(chunk: Scheduled): void {
  if (!chunk.node) return;
  chunk.node.disconnect();
  chunk.node.buffer = null;
  chunk.node = undefined;
}

/** Seconds into the track that a chunk has at a frame, which may be the one behind it. */
export const positionIn = (chunk: OutputChunk, frame: number, sampleRate: number): number =>
  chunk.position + ((frame - chunk.frame) / sampleRate) * chunk.speed;
