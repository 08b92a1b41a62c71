import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers';
import { Injectable } from '@nestjs/common';

/** Requests in flight on one connection. Browsers and proxies send one at a time, clients that pipeline a few. */
export const maxInFlight = 4;

interface Pipeline {
  open: Set<ServerResponse>;
  refused: boolean;
}

/**
 * Limits the requests in flight of each TCP connection: Node starts every pipelined request as soon as it has parsed
 * it, whether or not the answers before it are read.
 */
@Injectable()
export class Pipelines {
  readonly #pipelines = new WeakMap<Socket, Pipeline>();

  /**
   * What is to become of a request: `refuse` once, when there is one too many; `ignore` those that follow it on the
   * same connection, which closes after the refusal.
   */
  admit({ socket }: IncomingMessage, response: ServerResponse): 'pass' | 'refuse' | 'ignore' {
    const pipeline = this.#pipelineOf(socket);
    if (pipeline.refused) return 'ignore';
    if (pipeline.open.size >= maxInFlight) {
      pipeline.refused = true;
      // Nothing that follows is read.
      socket.pause();
      return 'refuse';
    }
    pipeline.open.add(response);
    response.once('close', () => pipeline.open.delete(response));
    return 'pass';
  }

  /** Whether a request of this connection is being answered. */
  isAnswering(socket: Socket): boolean {
    return (this.#pipelines.get(socket)?.open.size ?? 0) > 0;
  }

  /** Bytes of answers on this connection that are complete here and not yet taken by the kernel. */
  unsentBytes(socket: Socket): number {
    let bytes = 0;
    for (const response of this.#pipelines.get(socket)?.open ?? []) bytes += response.writableLength;
    return bytes;
  }

  #pipelineOf(socket: Socket): Pipeline {
    let pipeline = this.#pipelines.get(socket);
    if (!pipeline) {
      const made: Pipeline = { open: new Set(), refused: false };
      pipeline = made;
      this.#pipelines.set(socket, made);
      // Node emits `close` for the response at the head of the pipeline only; whoever waits for the others' would
      // keep them for ever.
      socket.once('close', () =>
        setImmediate(() => {
          for (const response of made.open) response.emit('close');
        }),
      );
    }
    return pipeline;
  }
}
