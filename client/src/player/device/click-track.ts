import type { RoomTime } from '../timing/room-time.js';

const aheadSeconds = 1.5;
const clickSeconds = 0.01;
const clickHertz = 2000;

/**
 * A click at each whole second of the room clock, to set a device's offset by ear: two devices click as one when both
 * are right. Owned by the output.
 */
export class ClickTrack {
  readonly #buffer: AudioBuffer;
  /** The room time of the last click that is scheduled. */
  #last = -Infinity;

  constructor(
    private readonly context: AudioContext,
    private readonly destination: AudioNode,
    private readonly time: RoomTime,
  ) {
    const { sampleRate } = context;
    this.#buffer = context.createBuffer(1, clickSeconds * sampleRate, sampleRate);
    const samples = this.#buffer.getChannelData(0);
    samples.forEach((_, i) => {
      samples[i] =
        0.5 * Math.sin((2 * Math.PI * clickHertz * i) / sampleRate) * Math.exp((-6 * i) / samples.length);
    });
  }

  /** Schedules the clicks of the next moments; called about every 250 ms. */
  step(): void {
    if (!this.time.ready) return;
    const now = this.time.at(this.context.currentTime);
    for (
      let second = Math.max(this.#last + 1, Math.ceil(now + 0.05));
      second < now + aheadSeconds;
      second += 1
    ) {
      const node = this.context.createBufferSource();
      node.buffer = this.#buffer;
      node.connect(this.destination);
      node.start(this.time.contextTimeAt(second));
      this.#last = second;
    }
  }
}
