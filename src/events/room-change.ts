import type { EventData, EventType, RoomEvent, TypesOfGroup } from '../contract/index.js';
import type { Trx } from '../database/database.js';
import type { RoomRow } from '../database/schema.js';
import { catalogue } from '../contract/index.js';
import { makeEvent } from './envelope.js';
import { checkPayload } from '../contract/payload-check.js';

/** An event to publish once the change is committed. */
export type Outgoing = { to: 'room'; roomId: string; event: RoomEvent } | { to: 'lobby'; event: RoomEvent };

/**
 * A change of one room in progress: a transaction that has locked the room's row, and the events that say what
 * changed. Made by `EventBroadcasterService`. Both are committed together; nothing is sent before.
 */
export class RoomChange {
  readonly outgoing: Outgoing[] = [];
  readonly afterCommit: (() => Promise<void>)[] = [];
  #sequence: number;
  #deleted = false;

  constructor(
    readonly trx: Trx,
    /** The room before the change. */
    readonly room: RoomRow,
    /** The time of the change: Unix seconds. */
    readonly now: number,
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

  roomState(room: EventData<'room_state_updated'>['room']): RoomEvent<'room_state_updated'> {
    return this.#raise('room_state_updated', { room });
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
  lobby<T extends 'room_created' | 'room_deleted'>(type: T, data: EventData<T>): void {
    checkPayload(type, data);
    this.outgoing.push({ to: 'lobby', event: makeEvent(type, this.room.id, this.now, data) });
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
    return event;
  }
}
