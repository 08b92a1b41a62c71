import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers';
import { Injectable } from '@nestjs/common';

/** Requests in flight per TCP connection. Browsers and proxies send one at a time, pipelining clients a few. */
export const maxInFlight = 4;

interface Pipeline {
  open: Set<ServerResponse>;
  refused: boolean;
}

/**
 * Limits the requests in flight on each TCP connection. Node starts every pipelined request as soon as it is parsed, even
 * if the client does not read the earlier answers.
 */
@Injectable()
export class Pipelines {
  readonly #pipelines = new WeakMap<Socket, Pipeline>();

  /**
   * Decides about a new request. `refuse`: it exceeds the limit; returned once per connection, which the caller closes
   * after the refusal. `ignore`: it follows a refused one on the same connection.
   */
  admit({ socket }: IncomingMessage, response: ServerResponse): 'pass' | 'refuse' | 'ignore' {
    const pipeline = this.#pipelineOf(socket);
    if (pipeline.refused) return 'ignore';
    if (pipeline.open.size >= maxInFlight) {
      pipeline.refused = true;
      // Stop reading further requests.
      socket.pause();
      return 'refuse';
    }
    pipeline.open.add(response);
    response.once('close', () => pipeline.open.delete(response));
    return 'pass';
  }

  /** Whether a request of this connection is in flight. */
  isAnswering(socket: Socket): boolean {
    return (this.#pipelines.get(socket)?.open.size ?? 0) > 0;
  }

  /** Bytes of answers on this connection that wait in this process to be written to the kernel. */
  unsentBytes(socket: Socket): number {
    let bytes = 0;
    for (const response of this.#pipelines.get(socket)?.open ?? []) bytes += response.writableLength;
    return bytes;
  }

  #pipelineOf(socket: Socket): Pipeline {
    let pipeline = this.#pipelines.get(socket);
    if (!pipeline) {
      const created: Pipeline = { open: new Set(), refused: false };
      pipeline = created;
      this.#pipelines.set(socket, created);
      // When a connection closes, Node emits `close` only for the first response of the pipeline. Emit it for the
      // others too: their listeners would otherwise never release what they hold.
      socket.once('close', () =>
        setImmediate(() => {
          for (const response of created.open) response.emit('close');
        }),
      );
    }
    return pipeline;
  }
}
