import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** A TCP proxy in front of a server, which can cut connections as a network does, and lead to another server. */
export interface CuttableProxy {
  readonly url: string;
  /** Closes all connections, without a word to either side. */
  cut(): void;
  /** While true, nothing passes in either direction; connections stay open. */
  isStalled: boolean;
  /** While false, connections are closed as soon as they are opened. */
  isOpen: boolean;
  /** Connections from now on lead there. */
  leadTo(url: string): void;
  close(): Promise<void>;
}

export async function cuttableProxy(to: string): Promise<CuttableProxy> {
  let target = new URL(to);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // A cut is an error to the other side.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  /** Lets nothing through while the proxy is stalled. */
  const gate = () =>
    new Transform({
      transform(chunk: Buffer, _encoding, pass) {
        if (held) held.push(() => pass(null, chunk));
        else pass(null, chunk);
      },
    });
  let held: (() => void)[] | undefined;
  const server = createServer((client) => {
    keep(client);
    if (!proxy.isOpen) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    keep(upstream);
    client.pipe(gate()).pipe(upstream).pipe(gate()).pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const proxy: CuttableProxy = {
    url: `http://127.0.0.1:${port}`,
    isOpen: true,
    get isStalled() {
      return held !== undefined;
    },
    set isStalled(isStalled) {
      const waiting = held ?? [];
      held = isStalled ? waiting : undefined;
      if (!isStalled) for (const pass of waiting) pass();
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    leadTo(url) {
      target = new URL(url);
    },
    async close() {
      proxy.cut();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
