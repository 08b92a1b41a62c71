/* global AudioWorkletNode */

/** Messages from the output's thread cost more than the samples in them: one a second. */
const processor = `
const frames = 128 * Math.round(sampleRate / 128);
registerProcessor('recorder', class extends AudioWorkletProcessor {
  samples = new Int16Array(frames);
  filled = 0;
  constructor() {
    super();
    this.port.onmessage = () => this.send(true);
  }
  process([[left]], [[output]]) {
    // The node is not called for every frame while the context begins to run. A frame that was there before is one that
    // Chromium has not counted on, sometimes.
    if (this.filled > 0 && currentFrame > this.first + this.filled) this.send();
    if (this.filled === 0) this.first = currentFrame;
    // Chromium replaces an output that is silent for 30 s by one with another clock.
    if (left) output.set(left);
    if (left) for (let i = 0; i < 128; i += 1) this.samples[this.filled + i] = 32767 * left[i];
    this.filled += 128;
    if (this.filled === this.samples.length) this.send();
    return true;
  }
  send(last = false) {
    const samples = this.samples.slice(0, this.filled);
    this.port.postMessage({ frame: this.first, samples, last }, [samples.buffer]);
    this.samples.fill(0);
    this.filled = 0;
  }
});`;

const stampIntervalMs = 25;
/** Between two notes of what the player does; each of its chunks is 0.5 s long. */
const noteIntervalMs = 100;

/** Records what is played through `input`, and when the browser says that frames of the context are heard. */
export class Recorder {
  #blocks = [];
  #stamps = [];
  #notes = [];

  static async start(context) {
    const url = URL.createObjectURL(new Blob([processor], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(url);
    const node = new AudioWorkletNode(context, 'recorder', {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      outputChannelCount: [1],
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    node.connect(context.destination);
    return new Recorder(context, node);
  }

  constructor(context, input) {
    this.context = context;
    this.input = input;
    input.port.onmessage = ({ data }) => this.#blocks.push(data);
    this.timers = [setInterval(() => this.#readStamp(), stampIntervalMs)];
  }

  /** Notes down from now on what `look` tells of what is heard at a context time. */
  note(look) {
    const write = () => {
      const { contextTime, performanceTime } = this.context.getOutputTimestamp();
      this.#notes.push({ time: performance.timeOrigin + performanceTime, contextTime, ...look(contextTime) });
    };
    this.timers.push(setInterval(write, noteIntervalMs));
  }

  /** Ends the recording, and sends its samples. @returns everything else: times are milliseconds since 1970 */
  async send(url) {
    this.timers.forEach(clearInterval);
    await new Promise((resolve) => {
      this.input.port.onmessage = ({ data }) => {
        this.#blocks.push(data);
        if (data.last) resolve();
      };
      this.input.port.postMessage('end');
    });
    const [first] = this.#blocks;
    const { frame, samples: end } = this.#blocks.at(-1);
    const samples = new Int16Array(frame + end.length - first.frame);
    for (const block of this.#blocks) samples.set(block.samples, block.frame - first.frame);
    await fetch(url, { method: 'PUT', body: samples });
    return {
      rate: this.context.sampleRate,
      firstFrame: first.frame,
      stamps: this.#stamps.map(([contextTime, time]) => [contextTime, performance.timeOrigin + time]),
      notes: this.#notes,
    };
  }

  #readStamp() {
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    if (contextTime > 0) this.#stamps.push([contextTime, performanceTime]);
  }
}
