import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { randomFrom } from '../signal/random.mjs';
import { DelayedWriter } from './delayed-writer.mjs';

/** A path without delays. */
export const clean = { there: { delayMs: 0, jitterMs: 0 }, back: { delayMs: 0, jitterMs: 0 } };

/**
 * A TCP proxy on this machine with the delays of a network path, for each direction separately: what arrives is passed
 * on `delayMs` ± `jitterMs` (evenly distributed) later, in order. The delays are the same for the same seed.
 */
export class DelayProxy {
  #server;
  #sockets = new Set();
  #connections = 0;

  /**
   * @param path `there`: from the client to the server; `back`: from the server to the client
   * @returns a proxy that listens on a port of its own
   */
  static async start(targetPort, path, seed) {
    const proxy = new DelayProxy(targetPort, path, seed);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  constructor(targetPort, path, seed) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.#connections += 1;
      const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      const random = (direction) => randomFrom(seed * 1_000_003 + 2 * this.#connections + direction);
      this.#pass(client, target, path.there, random(0));
      this.#pass(target, client, path.back, random(1));
    });
  }

  get port() {
    return this.#server.address().port;
  }

  /** Ends all connections. */
  async close() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(from, to, { delayMs, jitterMs }, random) {
    this.#sockets.add(from);
    const writer = new DelayedWriter(from, to, () => delayMs + jitterMs * (2 * random() - 1));
    from.on('data', (chunk) => writer.write(chunk));
    from.on('end', () => writer.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      if (!from.readableEnded) to.destroy();
    });
  }
}
