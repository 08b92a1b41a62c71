import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Envelope } from '../../src/contract/index.js';
import type { Person } from './api.js';

/** Implements Engine.IO and Socket.IO itself, so that it can stop reading. */
export class RawListener {
  /** Sequences of logged events in the order of arrival, without retries; nothing else of them is stored. */
  readonly sequences: number[] = [];
  /** Events that arrived again, because the server had not seen their confirmation in time. */
  retries = 0;
  established = false;
  /** How many of its messages were acknowledged. */
  answers = 0;
  /** Whether the server removed it from the room. */
  left = false;
  readonly #ws: WebSocket;
  readonly #namespace: string;
  #asked = 0;

  constructor(
    url: string,
    { token }: Person,
    roomId: string,
    private readonly onEvent: (event: Envelope) => void = () => undefined,
    { afterSequence }: { afterSequence?: number } = {},
  ) {
    this.#namespace = `/rooms/${roomId},`;
    this.#ws = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    this.#ws.on('message', (data: Buffer) =>
      this.#read(data.toString(), { token, after_sequence: afterSequence }),
    );
  }

  get open(): boolean {
    return this.#ws.readyState === WebSocket.OPEN;
  }

  async closed(): Promise<void> {
    if (this.#ws.readyState !== WebSocket.CLOSED) await once(this.#ws, 'close');
  }

  /** Sends a message whose acknowledgement is counted. */
  ask(message: string, data: unknown): void {
    this.#ws.send(`42${this.#namespace}${++this.#asked}${JSON.stringify([message, data])}`);
  }

  stall(): void {
    this.#tcp.pause();
  }

  goOn(): void {
    this.#tcp.resume();
  }

  close(): void {
    this.#ws.terminate();
  }

  get #tcp(): Socket {
    return (this.#ws as unknown as { _socket: Socket })._socket;
  }

  #read(text: string, auth: object): void {
    if (text.startsWith('0')) this.#ws.send(`40${this.#namespace}${JSON.stringify(auth)}`);
    else if (text === '2') this.#ws.send('3');
    else if (text === `41${this.#namespace}`) this.left = true;
    else if (text.startsWith('43')) this.answers += 1;
    else if (text.startsWith(`42${this.#namespace}`)) this.#take(text.slice(2 + this.#namespace.length));
  }

  #take(packet: string): void {
    const start = packet.indexOf('[');
    const [, event] = JSON.parse(packet.slice(start)) as [string, Envelope];
    if (start > 0) {
      this.#ws.send(`43${this.#namespace}${packet.slice(0, start)}[]`);
    }
    if (event.type === 'connection_established') this.established = true;
    if (event.metadata.retry_count > 0) this.retries += 1;
    else if (event.metadata.sequence !== undefined) this.sequences.push(event.metadata.sequence);
    this.onEvent(event);
  }
}
