import type { PlayerStatus } from './player-room.js';

/** A value that listeners follow; fits React's `useSyncExternalStore`. */
export interface PlayerStore<T> {
  readonly current: T;
  /** Calls the listener after each change; returns what ends that. */
  subscribe(listener: () => void): () => void;
}

/** The player's status. The same status again is no change. */
export class StatusStore implements PlayerStore<PlayerStatus> {
  readonly #listeners = new Set<() => void>();

  #status: PlayerStatus = { is: 'silent', reason: 'stopped' };

  get current(): PlayerStatus {
    return this.#status;
  }

  /** @returns whether that was a change */
  set(status: PlayerStatus): boolean {
    const { is, reason } = this.#status;
    if (status.is === is && status.reason === reason) return false;
    this.#status = status;
    for (const listener of [...this.#listeners]) listener();
    return true;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
