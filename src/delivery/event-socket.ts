import type { Frame } from '../gateway/transport/fast/frame.js';

/** A connection's way out: what the delivery of events needs of a socket, and nothing else of it. */
export interface Wire {
  readonly id: string;
  /** Whether nothing written before waits here: then a frame goes straight to the kernel. */
  readonly idle: boolean;
  /** Frames that wait. */
  readonly waitingFrames: number;
  /** Bytes that wait, here and in the socket; answers to messages included. */
  readonly waitingBytes: number;
  /** A value that changes whenever some of what waits has left. */
  readonly progress: unknown;
  /** @param sent called once this frame and all before it have left */
  write(frame: Frame, sent?: () => void): void;
  /** Has what `write` is called with meanwhile leave together, which costs one call of the kernel. */
  together(write: () => void): void;
  /**
   * Closes after what was written. `leave`: only this namespace, and the client does not come back by itself;
   * `reconnect`: the connection, and it does.
   */
  end(how: 'leave' | 'reconnect'): void;
  /** Closes at once; what waits is thrown away. */
  cut(): void;
}
