import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from './listener.js';

/** A TCP connection for hand-written HTTP/1.1, to pipeline, stall and send what no library would. */
export class RawConnection {
  readonly socket: Socket;
  #received: Buffer[] = [];
  #bytes = 0;
  #closed = false;

  constructor(url: string, options: { localAddress?: string } = {}) {
    const { hostname, port } = new URL(url);
    this.socket = connect({ host: hostname, port: Number(port), ...options });
    this.socket.on('data', (chunk) => {
      this.#received.push(chunk);
      this.#bytes += chunk.length;
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => (this.#closed = true));
  }

  get text(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The statuses of the answers, in order. */
  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  /** The last answer's JSON body. */
  get body(): any {
    return JSON.parse(this.text.slice(this.text.lastIndexOf('\r\n\r\n') + 4));
  }

  async open(): Promise<this> {
    if (this.socket.connecting) await once(this.socket, 'connect');
    return this;
  }

  send(text: string | Buffer): this {
    this.socket.write(text);
    return this;
  }

  /** Waits for `count` answers. */
  answers(count = 1, limit?: number): Promise<void> {
    return eventually(
      () => this.statuses.length >= count,
      `${count} answers, got ${this.statuses.length}`,
      limit,
    );
  }

  closed(limit?: number): Promise<void> {
    return eventually(() => this.#closed, 'the connection to close', limit);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** The head of a request; headers as `name: value`. */
export const head = (method: string, path: string, ...headers: string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');

export const bearer = ({ token }: { token: string }): string => `Authorization: Bearer ${token}`;
