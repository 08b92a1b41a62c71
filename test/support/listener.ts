import { io, type Socket } from 'socket.io-client';
import type { Envelope, EventType } from '../../src/contract/index.js';
import type { Person } from './api.js';

export interface ListenerOptions {
  /** Its `after_sequence`; a function is called for each connection. */
  afterSequence?: number | (() => number | undefined);
  /** The `epoch` that it sends, likewise. */
  epoch?: string | undefined | (() => string | undefined);
  /** Called for each event that asks for a confirmation; the default confirms it. */
  confirm?: (event: Envelope, acknowledge: (answer?: unknown) => void) => void;
  reconnection?: boolean;
  state?: 'always' | 'when_needed';
  transports?: string[];
}

/** A Socket.IO client that stores every event that it receives, in order. */
export class Listener {
  readonly events: Envelope[] = [];
  readonly socket: Socket;
  readonly #waiting = new Set<() => void>();

  constructor(url: string, namespace: string, token: string, options: ListenerOptions = {}) {
    const {
      afterSequence,
      epoch,
      confirm,
      reconnection = false,
      state,
      transports = ['websocket'],
    } = options;
    this.socket = io(`${url}${namespace}`, {
      auth: (give) =>
        give({
          token,
          after_sequence: typeof afterSequence === 'function' ? afterSequence() : afterSequence,
          epoch: typeof epoch === 'function' ? epoch() : epoch,
          state,
        }),
      reconnectionDelay: 20,
      transports,
      forceNew: true,
      reconnection,
    });
    this.socket.onAny((_type: string, event: Envelope, acknowledge?: (answer?: unknown) => void) => {
      this.events.push(event);
      if (acknowledge) (confirm ?? ((_, confirmed) => confirmed()))(event, acknowledge);
      for (const look of [...this.#waiting]) look();
    });
    this.socket.on('disconnect', () => {
      for (const look of [...this.#waiting]) look();
    });
  }

  /** The logged events, in the order of arrival. */
  get logged(): Envelope[] {
    return this.events.filter(({ metadata }) => metadata.sequence !== undefined);
  }

  get sequences(): number[] {
    return this.logged.map(({ metadata }) => metadata.sequence!);
  }

  ofType<T extends EventType>(type: T): Envelope<T>[] {
    return this.events.filter((event) => event.type === type) as unknown as Envelope<T>[];
  }

  /** The first event of this type, once it has arrived. */
  async next<T extends EventType>(
    type: T,
    which: (event: Envelope<T>) => boolean = () => true,
  ): Promise<Envelope<T>> {
    await this.until(() => this.ofType(type).some(which), `a ${type} event`);
    return this.ofType(type).find(which)!;
  }

  /** Waits until the condition is true; checks it at every event. */
  async until(holds: () => boolean, what = 'it', limit = 10_000): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(
          new Error(`waited ${limit} ms for ${what}; got ${this.events.map(({ type }) => type).join(', ')}`),
        );
      }, limit);
      this.#waiting.add(look);
    });
  }

  /** Sends a message and waits for its acknowledgement. */
  ask(message: string, ...args: unknown[]): Promise<any> {
    return this.socket.timeout(5000).emitWithAck(message, ...args);
  }

  /** Resolves with the refusal's data if the handshake is refused, rejects if it is not. */
  refused(): Promise<{ code: string; message: string }> {
    return new Promise((resolve, reject) => {
      this.socket.once('connect_error', (error) => resolve((error as Error & { data: any }).data));
      this.socket.once('connect', () => reject(new Error('it was let in')));
    });
  }

  /** Resolves with the reason once the socket is closed. */
  closed(): Promise<string> {
    if (this.socket.disconnected && this.events.length > 0) return Promise.resolve('already closed');
    return new Promise((resolve) => this.socket.once('disconnect', resolve));
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** Listens to a room; resolves once `connection_established` has arrived. */
export async function listen(
  url: string,
  who: Person,
  roomId: string,
  options?: ListenerOptions,
): Promise<Listener> {
  const listener = new Listener(url, `/rooms/${roomId}`, who.token, options);
  const refused = new Promise<never>((_, reject) => listener.socket.once('connect_error', reject));
  await Promise.race([listener.next('connection_established'), refused]);
  return listener;
}

export async function listenToLobby(url: string, who: Person, options?: ListenerOptions): Promise<Listener> {
  const listener = new Listener(url, '/', who.token, options);
  await new Promise<void>((resolve, reject) => {
    listener.socket.once('connect', resolve);
    listener.socket.once('connect_error', reject);
  });
  return listener;
}

/** Waits until an asynchronous condition is true, by polling. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what = 'it',
  limit = 10_000,
): Promise<void> {
  const end = Date.now() + limit;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${limit} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
