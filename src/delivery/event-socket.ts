import type { Envelope } from '../contract/index.js';

/**
 * One copy of an event, ready to be sent. Every connection that is sent the same copy gets the same object, so that a
 * transport encodes it once.
 */
export class OutgoingEvent {
  /** The encoded copy. Written and read by the transport only. */
  encoded: unknown;

  constructor(
    readonly namespace: string,
    readonly envelope: Envelope,
    /** Identifies the confirmation that the event asks for; undefined if it asks for none. */
    readonly ackId: number | undefined,
  ) {}
}

/**
 * What delivery needs of a socket in one namespace. Implemented by each transport in `gateway/transport/`, and by the
 * simulation in the tests.
 */
export interface EventSocket {
  readonly id: string;
  /** Whether nothing is queued in this process: the next packet is passed to the kernel immediately. */
  readonly isIdle: boolean;
  readonly queuedPackets: number;
  /** Bytes queued in this process, answers to messages included. */
  readonly queuedBytes: number;
  /** A value that changes whenever some of what is queued has left the process. */
  readonly progress: unknown;
  /**
   * Sends a copy of an event. Confirmations are passed to `Connection.confirm` with the copy's `ackId`.
   * @param onFlushed called once this packet and all before it have left the process
   */
  send(event: OutgoingEvent, onFlushed?: () => void): void;
  /** Sends everything that `write` sends with one system call if the transport can. */
  batch(write: () => void): void;
  /**
   * Closes after the queued packets. `namespace`: only this namespace, and the client does not reconnect by itself;
   * `connection`: the whole connection, and the client reconnects.
   */
  disconnect(scope: 'namespace' | 'connection'): void;
  /** Closes at once; queued packets are discarded. */
  terminate(): void;
}
