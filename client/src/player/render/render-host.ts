import {
  type RenderAnswer,
  type RendererMethod,
  type RenderRequest,
  serveRenderer,
} from './render-messages.js';
import { createRenderer, type Renderer, type RenderPart } from './renderer.js';

/** The renderer as the player uses it: in a worker where that is possible, else on the main thread. */
export interface RenderHost extends Omit<Renderer, 'render' | 'push'> {
  /** As `Renderer.push`; the arrays are transferred and cannot be used afterwards. */
  push(voice: number, start: number, channels: Float32Array<ArrayBuffer>[]): void;
  /** As `Renderer.render`. Rejects after `dispose`. */
  render(
    frames: number,
    parts: RenderPart[],
  ): Promise<[Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>]>;
  dispose(): void;
}

const workerStartTimeoutMs = 3000;

/**
 * Starts the renderer.
 * @param workerUrl the file `render-worker`, of the page's own origin; without it the worker is made of a Blob. Where
 * the worker does not start, because a policy forbids it or its source was changed by a build, the main thread renders
 */
export async function startRenderHost(workerUrl: string | undefined): Promise<RenderHost> {
  const worker = await startWorker(workerUrl);
  return worker ? hostInWorker(worker) : hostOnMainThread();
}

async function startWorker(workerUrl: string | undefined): Promise<Worker | undefined> {
  let blobUrl: string | undefined;
  try {
    const source = `(${String(serveRenderer)})(globalThis,(${String(createRenderer)})())`;
    blobUrl =
      workerUrl === undefined
        ? URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
        : undefined;
    const worker = new Worker(workerUrl ?? blobUrl!, workerUrl === undefined ? {} : { type: 'module' });
    const ready = await new Promise<boolean>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<RenderAnswer>) => resolve(data[0] === 0);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve(false);
      };
      setTimeout(() => resolve(false), workerStartTimeoutMs);
    });
    if (ready) return worker;
    worker.terminate();
  } catch {
    // No workers, or none from this URL.
  } finally {
    if (blobUrl !== undefined) URL.revokeObjectURL(blobUrl);
  }
  return undefined;
}

type Channels = [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];

function hostInWorker(worker: Worker): RenderHost {
  const waiting = new Map<
    number,
    { resolve: (channels: Channels) => void; reject: (error: Error) => void }
  >();
  let lastId = 0;
  const rejectAll = () => {
    for (const { reject } of waiting.values()) reject(new Error('rendering failed'));
    waiting.clear();
  };
  const send = <M extends RendererMethod>(
    id: number,
    method: M,
    parameters: Parameters<Renderer[M]>,
    transfer: ArrayBuffer[] = [],
  ) => worker.postMessage([id, method, parameters] satisfies RenderRequest, transfer);
  worker.onmessage = ({ data: [id, channels] }: MessageEvent<RenderAnswer>) => {
    waiting.get(id)?.resolve(channels as Channels);
    waiting.delete(id);
  };
  worker.onerror = rejectAll;
  return {
    open: (voice, ratio) => send(0, 'open', [voice, ratio]),
    push: (voice, start, channels) =>
      send(
        0,
        'push',
        [voice, start, channels],
        channels.map((channel) => channel.buffer),
      ),
    trim: (voice, before) => send(0, 'trim', [voice, before]),
    close: (voice) => send(0, 'close', [voice]),
    render: (frames, parts) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        send(lastId, 'render', [frames, parts]);
      }),
    dispose() {
      worker.terminate();
      rejectAll();
    },
  };
}

function hostOnMainThread(): RenderHost {
  const renderer = createRenderer();
  return {
    ...renderer,
    // Rendered in a task of its own, so that several chunks in a row leave room for the page.
    render: (frames, parts) =>
      new Promise((resolve) => setTimeout(() => resolve(renderer.render(frames, parts)), 0)),
    dispose() {},
  };
}
