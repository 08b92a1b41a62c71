import type { EventData, EventType, RoomEvent, TypesOfGroup } from '../contract/index.js';
import type { Trx } from '../database/database.js';
import type { RoomRow } from '../database/schema.js';
import { catalogue } from '../contract/index.js';
import { makeEvent } from './envelope.js';
import { checkPayload } from './payload-check.js';

/** Something to send once the change is committed. */
export type Outgoing = { to: 'room'; roomId: string; event: RoomEvent } | { to: 'lobby'; event: RoomEvent };

/**
 * A change of one room in the making: a transaction that holds the room's row, and the events that say what
 * changed. Both are committed together; nothing is sent before.
 */
export class RoomChange {
  readonly outgoing: Outgoing[] = [];
  readonly afterCommit: (() => Promise<void>)[] = [];
  #sequence: number;
  #deleted = false;

  constructor(
    readonly trx: Trx,
    /** The room as it was when the change began. */
    readonly room: RoomRow,
    /** When it happens: Unix seconds. */
    readonly now: number,
  ) {
    this.#sequence = room.sequence;
  }

  /** The place of the newest event, those raised here included. */
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

  roomState(room: EventData<'room_state_updated'>['room']): RoomEvent<'room_state_updated'> {
    return this.#raise('room_state_updated', { room });
  }

  /** The room's last event: at the end of this change the room goes, and all that belongs to it, its log too. */
  roomDeleted(data: EventData<'room_deleted'>): RoomEvent<'room_deleted'> {
    this.#deleted = true;
    return this.#raise('room_deleted', data);
  }

  /** Tells the lobby, of a room that anyone may see. */
  lobby<T extends 'room_created' | 'room_deleted'>(type: T, data: EventData<T>): void {
    checkPayload(type, data);
    this.outgoing.push({ to: 'lobby', event: makeEvent(type, this.room.id, this.now, data) });
  }

  /** Has something done once the change is committed, for what a transaction cannot hold (files, timers). */
  onceCommitted(work: () => Promise<void>): void {
    this.afterCommit.push(work);
  }

  #raise<T extends EventType>(type: T, data: EventData<T>): RoomEvent<T> {
    checkPayload(type, data);
    const sequence = catalogue[type].logged ? ++this.#sequence : undefined;
    const event = makeEvent(type, this.room.id, this.now, data, sequence);
    this.outgoing.push({ to: 'room', roomId: this.room.id, event });
    return event;
  }
}
