import type { Renderer, RenderPart } from './renderer.js';

/** What the page sends to the worker that renders. Arrays of samples are transferred. */
export type RenderRequest =
  | { do: 'open'; voice: number; ratio: number }
  | { do: 'push'; voice: number; start: number; channels: Float32Array<ArrayBuffer>[] }
  | { do: 'trim'; voice: number; before: number }
  | { do: 'close'; voice: number }
  | { do: 'render'; id: number; frames: number; parts: RenderPart[] };

/** What the worker answers: that it runs, and each rendered chunk. */
export type RenderAnswer =
  | { is: 'ready' }
  | { is: 'rendered'; id: number; channels: [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>] };

/** The part of a worker's global scope that is used here. */
export interface RenderScope {
  onmessage: ((event: { data: RenderRequest }) => void) | null;
  postMessage(answer: RenderAnswer, transfer?: ArrayBuffer[]): void;
}

/**
 * Serves a renderer in a worker. The function must not use anything outside itself: its source is also run in a
 * worker made of a Blob.
 */
export function serveRenderer(scope: RenderScope, renderer: Renderer): void {
  scope.onmessage = ({ data }) => {
    switch (data.do) {
      case 'open':
        return renderer.open(data.voice, data.ratio);
      case 'push':
        return renderer.push(data.voice, data.start, data.channels);
      case 'trim':
        return renderer.trim(data.voice, data.before);
      case 'close':
        return renderer.close(data.voice);
      case 'render': {
        const channels = renderer.render(data.frames, data.parts);
        scope.postMessage(
          { is: 'rendered', id: data.id, channels },
          channels.map((channel) => channel.buffer),
        );
      }
    }
  };
  scope.postMessage({ is: 'ready' });
}
