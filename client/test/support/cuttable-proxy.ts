import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy in front of a server, which can cut connections as a network does, and lead to another server. */
export interface CuttableProxy {
  readonly url: string;
  /** Closes all connections, without a word to either side. */
  cut(): void;
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
  const server = createServer((client) => {
    keep(client);
    if (!proxy.isOpen) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    keep(upstream);
    client.pipe(upstream).pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const proxy: CuttableProxy = {
    url: `http://127.0.0.1:${port}`,
    isOpen: true,
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
