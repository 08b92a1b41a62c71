import { type Store, WritableStore } from '../store.js';
import type { RoomcastEvent } from '../wire.js';
import { fold } from './fold.js';
import type { RoomView, Viewer } from './room-view.js';

/** What a command is expected to do. Pure; applied again to each new state, in which it may find nothing to do. */
export type Change = (state: RoomView) => RoomView;

/** A change that is shown before the server has confirmed it. */
export interface PendingChange {
  /** The command was carried out; its last event is the one with this sequence, null if nothing changed. */
  settle(sequence: number | null): void;
  /** The command was refused. */
  rollBack(): void;
}

interface Pending {
  readonly change: Change;
  /** Folding this sequence confirms it; undefined until the server has answered. */
  until: number | undefined;
  /** The server's log was restored since: what it answers may be a sequence of the earlier epoch. */
  isOfEarlierEpoch?: true;
}

/**
 * The state of one room: what was folded from events, and on top of it the changes that this client expects. Owned by
 * the room. `sequence` belongs to the folded state and never decreases, except when it is replaced.
 */
export class OptimisticState {
  readonly #folded: WritableStore<RoomView>;
  readonly #shown: WritableStore<RoomView>;
  #sequence: number;
  #pending: Pending[] = [];

  constructor(
    private readonly viewer: Viewer,
    initial: RoomView,
    sequence: number,
  ) {
    this.#folded = new WritableStore(initial);
    this.#shown = new WritableStore(initial);
    this.#sequence = sequence;
  }

  /** What the server has confirmed. */
  get folded(): Store<RoomView> {
    return this.#folded;
  }

  /** What is to be shown: with the changes that are expected. */
  get shown(): Store<RoomView> {
    return this.#shown;
  }

  /** The sequence of the folded state. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Folds an event; one that the state contains already changes nothing. */
  apply(event: RoomcastEvent): void {
    const { sequence } = event.metadata;
    if (sequence !== undefined) {
      if (sequence <= this.#sequence) return;
      this.#sequence = sequence;
    }
    this.#update(fold(this.#folded.current, event, this.viewer));
  }

  /**
   * Replaces the folded state.
   * @param isContinued whether earlier sequences are still comparable with this one
   */
  replace(state: RoomView, sequence: number, isContinued: boolean): void {
    this.#sequence = sequence;
    if (!isContinued) {
      this.#pending = this.#pending.filter(({ until }) => until === undefined);
      for (const pending of this.#pending) pending.isOfEarlierEpoch = true;
    }
    this.#update(state);
  }

  /** Shows a change at once. */
  expect(change: Change): PendingChange {
    const pending: Pending = { change, until: undefined };
    this.#pending.push(pending);
    this.#show();
    const remove = () => {
      this.#pending = this.#pending.filter((other) => other !== pending);
      this.#show();
    };
    return {
      settle: (sequence) => {
        if (sequence === null || sequence <= this.#sequence || pending.isOfEarlierEpoch) remove();
        else pending.until = sequence;
      },
      rollBack: remove,
    };
  }

  #update(folded: RoomView): void {
    if (this.#pending.some(({ until }) => until !== undefined && until <= this.#sequence)) {
      this.#pending = this.#pending.filter(({ until }) => until === undefined || until > this.#sequence);
    }
    this.#folded.set(folded);
    this.#show();
  }

  #show(): void {
    this.#shown.set(this.#pending.reduce((state, { change }) => change(state), this.#folded.current));
  }
}
