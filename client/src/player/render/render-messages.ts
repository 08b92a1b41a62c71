import type { Renderer } from './renderer.js';

export type RendererMethod = keyof Renderer;

/** What the page sends to the worker that renders: a call. With an id it is answered. Arrays of samples are transferred. */
export type RenderRequest = [id: number, method: RendererMethod, parameters: unknown[]];

/** What the worker answers: 0 once it runs, then the id of each call and the channels that it returned. */
export type RenderAnswer = [id: number, channels: Float32Array<ArrayBuffer>[]];

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
  const methods = renderer as unknown as Record<RendererMethod, (...parameters: unknown[]) => unknown>;
  scope.onmessage = ({ data: [id, method, parameters] }) => {
    const result = methods[method](...parameters);
    if (id === 0) return;
    const channels = result as Float32Array<ArrayBuffer>[];
    scope.postMessage(
      [id, channels],
      channels.map((channel) => channel.buffer),
    );
  };
  scope.postMessage([0, []]);
}
