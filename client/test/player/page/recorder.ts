/** What an output played: the sample at index i is that of the context's frame `firstFrame + i`. */
export interface Recording {
  firstFrame: number;
  left: Float32Array;
}

const processor = `
registerProcessor('recorder', class extends AudioWorkletProcessor {
  process([input]) {
    this.port.postMessage({ frame: currentFrame, left: input[0] ? input[0].slice() : new Float32Array(128) });
    return true;
  }
});`;

/** Records the left channel of what is connected to `input`, with the frames of the context. */
export class Recorder {
  readonly #blocks: { frame: number; left: Float32Array }[] = [];

  private constructor(
    readonly input: AudioNode,
    private readonly port: MessagePort,
  ) {
    port.onmessage = ({ data }) => void this.#blocks.push(data);
  }

  static async start(context: AudioContext): Promise<Recorder> {
    const url = URL.createObjectURL(new Blob([processor], { type: 'text/javascript' }));
    await context.audioWorklet.addModule(url);
    const node = new AudioWorkletNode(context, 'recorder', {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 2,
      channelCountMode: 'explicit',
    });
    node.connect(context.destination);
    return new Recorder(node, node.port);
  }

  /** Ends the recording. Blocks that are missing are silent. */
  stop(): Recording {
    this.port.onmessage = null;
    this.input.disconnect();
    const first = this.#blocks[0]?.frame ?? 0;
    const last = this.#blocks.at(-1)?.frame ?? 0;
    const left = new Float32Array(last - first + 128);
    for (const block of this.#blocks) left.set(block.left, block.frame - first);
    return { firstFrame: first, left };
  }
}
