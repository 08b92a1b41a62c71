import type { Refusal } from '../errors.js';

/** An event as it arrives; checked by whoever applies it. `confirm` is there if the server asks for a confirmation. */
export type ReceiveEvent = (event: unknown, confirm: (() => void) | undefined) => void;

/**
 * What a connection tells its owner, never before `OpenTransport` has returned. Nothing is told after `ended` or
 * `refused`, nor after `leave` or `drop`.
 */
export interface TransportListener {
  readonly connected: () => void;
  readonly received: ReceiveEvent;
  /** It was not accepted. `refusal` is undefined if the server was not reached. */
  readonly refused: (refusal: Refusal | undefined) => void;
  /** It was open, and is not any more. */
  readonly ended: (by: 'server' | 'network') => void;
}

/** One attempt to connect to one namespace, and the connection that it becomes. */
export interface TransportConnection {
  /** Sends a message. Rejects if it is not acknowledged in time, or the connection ends. */
  ask(message: string, payload: object, timeoutMs: number): Promise<unknown>;
  /** Closes it; the server learns that this client is gone. */
  leave(): void;
  /** Cuts it, as a lost network would: the server keeps this client's presence for a while, because it returns. */
  drop(): void;
}

export interface TransportTarget {
  /** `/` or `/rooms/<id>`. */
  readonly namespace: string;
  readonly auth: Readonly<Record<string, unknown>>;
}

/** Opens connections. The library has one implementation, over Socket.IO; tests have a simulated one. */
export type OpenTransport = (target: TransportTarget, listener: TransportListener) => TransportConnection;
