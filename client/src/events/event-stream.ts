import type { User } from '../contract.js';
import { RoomcastError } from '../errors.js';
import { OptimisticState } from '../state/optimistic-state.js';
import { viewOf } from '../state/room-view.js';
import { isEvent, type Established, type RoomcastEvent } from '../wire.js';

/** Events that wait for slow handlers. Beyond this the connection is given up, and they are asked for again later. */
const maxWaiting = 5000;

/** Why the state was replaced instead of continued. */
export type ResetReason =
  /** The log does not reach back to the last event that was applied. */
  | 'history_gone'
  /** The room's log was restored from a backup: what was applied may not have happened. */
  | 'epoch'
  /** The consumer of an iterator did not keep up. */
  | 'overflow';

/** What the stream tells the room that owns it, in the order in which it happens. */
export interface StreamOwner {
  /** The first connection: the room's state is known. */
  started(state: OptimisticState, user: User): void;
  /** The state was replaced: there is no history between the last event and the next one. */
  reset(reason: ResetReason): void;
  /** The connection begins. The events after `from`, up to `data.sequence`, follow. */
  established(data: Established, from: number): void;
  /** Hands an event out. @returns what resolves when it may be confirmed; undefined: now. Never rejects */
  deliver(event: RoomcastEvent, replayed: boolean): Promise<void> | undefined;
  /** An event was applied, and confirmed if it had to be. */
  applied(event: RoomcastEvent): void;
  /** All missed events were applied. */
  caughtUp(): void;
  /** Something is missing, or too much is waiting: the connection must be replaced. */
  restart(): void;
  /** The server sent something that the contract does not allow, or that this version does not understand. */
  fail(error: unknown): void;
}

type Item =
  | { readonly kind: 'established'; readonly data: Established }
  | {
      readonly kind: 'event';
      readonly event: RoomcastEvent;
      readonly replayed: boolean;
      readonly confirmations: (() => void)[];
    };

/**
 * The ordered stream of one room's events, over all of its connections. For each event: it is folded into the state, its
 * handlers settle, the cursor moves, it is confirmed. So what is confirmed is applied, and each event is applied once,
 * in the order of `sequence`. Owned by the room, which passes what arrives to `receive`.
 */
export class EventStream {
  #state: OptimisticState | undefined;
  /** The last event that was applied. */
  #cursor = 0;
  #epoch: string | undefined;
  /** The last sequence that is applied or waits; undefined until the connection has begun. */
  #received: number | undefined;
  /** What arrives up to this sequence happened before the connection. */
  #replayedUpTo = 0;
  #waiting: Item[] = [];
  /** The event whose handlers run. */
  #current: Item | undefined;
  #isPaused = false;
  #isClosed = false;

  constructor(private readonly owner: StreamOwner) {}

  /** The part of the handshake that asks for what is missing. */
  handshake(): Record<string, unknown> {
    if (!this.#state) return {};
    // Servers without epochs change parts of the state without events: they are asked for all of it.
    const continued =
      this.#epoch === undefined ? { state: 'always' } : { epoch: this.#epoch, state: 'when_needed' };
    return { after_sequence: this.#cursor, ...continued };
  }

  receive(event: unknown, confirm: (() => void) | undefined): void {
    if (this.#isClosed) return;
    if (!isEvent(event)) {
      this.owner.fail(notUnderstood('an event'));
      return;
    }
    if (event.type === 'connection_established') {
      this.#begin(event.data);
      return;
    }
    // Nothing is sent before it.
    if (this.#received === undefined) return;
    const { sequence } = event.metadata;
    if (sequence === undefined) this.#acceptUnlogged(event, confirm);
    else if (sequence <= this.#received) this.#acceptAgain(event, confirm);
    else if (sequence === this.#received + 1) this.#accept(event, sequence, confirm);
    // One was lost on the way. It is neither applied nor confirmed, so that it is sent again.
    else this.owner.restart();
  }

  /** The connection has ended: what waits will be sent again. */
  connectionEnded(): void {
    this.#waiting = [];
    this.#received = undefined;
  }

  /** Holds what arrives until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#applyWaiting();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
  }

  #begin(data: Established): void {
    if (!Number.isSafeInteger(data.sequence)) {
      this.owner.fail(notUnderstood('a sequence'));
      return;
    }
    const running = this.#current?.kind === 'event' ? this.#current.event.metadata.sequence : undefined;
    this.#received = data.resumed ? Math.max(this.#cursor, running ?? 0) : data.sequence;
    this.#replayedUpTo = data.sequence;
    this.#add({ kind: 'established', data });
  }

  #acceptUnlogged(event: RoomcastEvent, confirm: (() => void) | undefined): void {
    if (this.#waiting.length >= maxWaiting) return;
    this.#add({ kind: 'event', event, replayed: false, confirmations: confirm ? [confirm] : [] });
  }

  #accept(event: RoomcastEvent, sequence: number, confirm: (() => void) | undefined): void {
    if (this.#waiting.length >= maxWaiting) {
      this.owner.restart();
      return;
    }
    this.#received = sequence;
    const replayed = sequence <= this.#replayedUpTo;
    this.#add({ kind: 'event', event, replayed, confirmations: confirm ? [confirm] : [] });
  }

  /** A copy of an event that was applied, or waits: confirmed with it. */
  #acceptAgain({ event_id }: RoomcastEvent, confirm: (() => void) | undefined): void {
    if (!confirm) return;
    const isSame = (item: Item | undefined) => item?.kind === 'event' && item.event.event_id === event_id;
    const item = isSame(this.#current) ? this.#current : this.#waiting.find(isSame);
    if (item?.kind === 'event') item.confirmations.push(confirm);
    else confirm();
  }

  #add(item: Item): void {
    this.#waiting.push(item);
    this.#applyWaiting();
  }

  #applyWaiting(): void {
    while (!this.#current && !this.#isPaused) {
      const item = this.#waiting.shift();
      if (!item) return;
      try {
        if (item.kind === 'established') this.#applyEstablished(item.data);
        else this.#state!.apply(item.event);
      } catch (error) {
        // From here on the state would not be the server's.
        this.owner.fail(error);
        return;
      }
      if (item.kind === 'established') continue;
      this.#current = item;
      const settled = this.owner.deliver(item.event, item.replayed);
      if (!settled) this.#finish(item);
      else {
        void settled.then(() => {
          this.#finish(item);
          this.#applyWaiting();
        });
      }
    }
  }

  #finish({ event, replayed, confirmations }: Item & { kind: 'event' }): void {
    this.#current = undefined;
    if (this.#isClosed) return;
    const { sequence } = event.metadata;
    if (sequence !== undefined) this.#cursor = sequence;
    for (const confirm of confirmations) confirm();
    this.owner.applied(event);
    if (sequence !== undefined && sequence === this.#replayedUpTo && replayed) this.owner.caughtUp();
  }

  #applyEstablished(data: Established): void {
    const { room, resumed, sequence, epoch, user, my_votes } = data;
    const isContinued = this.#epoch === undefined || epoch === this.#epoch;
    const isFirst = !this.#state;
    if (room) {
      const lists: unknown[] = [room.participants, room.online_users, room.queue];
      if (!lists.every(Array.isArray)) throw notUnderstood('the state of the room');
      const view = viewOf(room, my_votes, this.#state?.folded.current);
      if (this.#state) this.#state.replace(view, sequence, isContinued);
      else this.#state = new OptimisticState({ userId: user.id }, view, sequence);
    } else if (isFirst || !resumed) {
      throw notUnderstood('the state of the room');
    }
    this.#epoch = epoch;
    if (!resumed || isFirst) this.#cursor = sequence;
    if (isFirst) this.owner.started(this.#state!, user);
    else if (!resumed) this.owner.reset(isContinued ? 'history_gone' : 'epoch');
    this.owner.established(data, this.#cursor);
  }
}

const notUnderstood = (expected: string): RoomcastError =>
  new RoomcastError('protocol', `The server sent something else than ${expected}.`);
