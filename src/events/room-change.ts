import type { EventData, EventReference, EventType, RoomEvent, TypesOfGroup } from '../contract/index.js';
import type { Trx } from '../database/database.js';
import type { RoomRow } from '../database/schema.js';
import { catalogue } from '../contract/index.js';
import { makeEvent, makeLobbyEvent } from './envelope.js';
import { checkPayload } from '../contract/payload-check.js';

/** An event to publish once the change is committed. */
export type Outgoing = { to: 'room'; roomId: string; event: RoomEvent } | { to: 'lobby'; event: RoomEvent };

/** Work in the same transaction as an event that another feature raised. */
export type Reaction<T extends EventType> = (change: RoomChange, event: RoomEvent<T>) => Promise<void>;

/** How a command's answer names a logged event that it raised. */
export const referenceTo = ({ event_id, metadata }: RoomEvent): EventReference => ({
  event_id,
  sequence: metadata.sequence!,
});

/**
 * A change of one room in progress: a transaction that has locked the room's row, and the events that say what
 * changed. Made by `RoomTransactions`. Both are committed together; nothing is sent before.
 */
export class RoomChange {
  readonly outgoing: Outgoing[] = [];
  readonly afterCommit: (() => Promise<void>)[] = [];
  #sequence: number;
  #deleted = false;
  #last: RoomEvent | undefined;
  /** The number of events in `outgoing` whose reactions have been run. */
  #reactedTo = 0;

  constructor(
    readonly trx: Trx,
    /** The room before the change. */
    readonly room: RoomRow,
    /** The time of the change: Unix seconds. */
    readonly now: number,
    private readonly reactionsTo: (type: EventType) => readonly Reaction<EventType>[],
  ) {
    this.#sequence = room.sequence;
  }

  /** The sequence of the newest event, those raised in this change included. */
  get sequence(): number {
    return this.#sequence;
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  userActivity<T extends TypesOfGroup<'user'>>(type: T, data: EventData<T>): RoomEvent<T> {
    return this.#raise(type, data);
  }

  trackActivity<T extends TypesOfGroup<'track'>>(type: T, data: EventData<T>): RoomEvent<T> {
    return this.#raise(type, data);
  }

  playbackActivity<T extends TypesOfGroup<'playback'>>(type: T, data: EventData<T>): RoomEvent<T> {
    return this.#raise(type, data);
  }

  /** Raises `room_state_updated`, with a copy for the lobby if the room is public and was so before. */
  roomState(room: EventData<'room_state_updated'>['room']): RoomEvent<'room_state_updated'> {
    const event = this.#raise('room_state_updated', { room });
    // The lobby is told of a room that becomes public by `room_created`.
    if (room.visibility === 'public' && this.room.visibility === 'public') {
      this.lobby('room_state_updated', { room });
    }
    return event;
  }

  /**
   * The room's last event. At the end of this change the room is deleted with everything in it, its log included, so
   * the event has a sequence but is never written to the log.
   */
  roomDeleted(data: EventData<'room_deleted'>): RoomEvent<'room_deleted'> {
    this.#deleted = true;
    return this.#raise('room_deleted', data);
  }

  /** Raises an event for the lobby; for public rooms only. */
  lobby<T extends TypesOfGroup<'room'>>(type: T, data: EventData<T>): void {
    checkPayload(type, data);
    this.outgoing.push({ to: 'lobby', event: makeLobbyEvent(type, this.room.id, this.now, data) });
  }

  /** Runs the reactions to the events raised so far, and to the events that these raise. */
  async runReactions(): Promise<void> {
    // `outgoing` grows meanwhile.
    while (this.#reactedTo < this.outgoing.length) {
      const outgoing = this.outgoing[this.#reactedTo]!;
      this.#reactedTo += 1;
      if (outgoing.to !== 'room') continue;
      for (const reaction of this.reactionsTo(outgoing.event.type)) await reaction(this, outgoing.event);
    }
  }

  /**
   * The last logged event of this change, with those of reactions, which have run afterwards; null if there is none.
   * For the answer of a command: a client that has applied this event has applied the whole change.
   */
  async lastEvent(): Promise<EventReference | null> {
    await this.runReactions();
    return this.#last ? referenceTo(this.#last) : null;
  }

  /** Runs `work` after the commit, for what a transaction cannot roll back (files, timers). */
  onceCommitted(work: () => Promise<void>): void {
    this.afterCommit.push(work);
  }

  #raise<T extends EventType>(type: T, data: EventData<T>): RoomEvent<T> {
    checkPayload(type, data);
    const sequence = catalogue[type].logged ? ++this.#sequence : undefined;
    const event = makeEvent(type, this.room.id, this.now, data, sequence);
    this.outgoing.push({ to: 'room', roomId: this.room.id, event });
    if (sequence !== undefined) this.#last = event;
    return event;
  }
}
