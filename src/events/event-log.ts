import { Injectable } from '@nestjs/common';
import type { RoomEvent } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import type { EventRow } from '../database/schema.js';
import { fromRow } from './envelope.js';
import { StoredEvent } from './stored-event.js';

/** Consecutive events of a room's log. */
export interface LogPage {
  events: StoredEvent[];
  /** The room's newest sequence when the page was read. */
  sequence: number;
  more: boolean;
  epoch: string;
}

/** Up to where a room's log goes, and in which epoch. */
export interface LogHead {
  /** The newest sequence; 0 before the first event. */
  sequence: number;
  epoch: string;
}

/** All events after a sequence; or `reset` if the log does not hold all of them. */
export type Missed = { kind: 'replay'; events: RoomEvent[] } | { kind: 'reset'; oldest: number };

/** Rows that `page` reads before it checks their size. */
const rowsPerRead = 100;
/** Approximate size of an envelope without its data. */
const envelopeBytes = 300;

/**
 * The rooms' event logs, table `events`: for each room the newest events in the order in which their changes were
 * committed, without gaps. Appended to by `EventBroadcasterService` only, pruned by `RetentionService`.
 */
@Injectable()
export class EventLog {
  constructor(private readonly database: Database) {}

  /** Appends events with a sequence, of one room or of several. */
  async append(trx: Trx, events: readonly RoomEvent[]): Promise<void> {
    const rows = events.map((event) => ({
      room_id: event.data.room_id!,
      sequence: event.metadata.sequence!,
      event_id: event.event_id,
      type: event.type,
      created_at: event.metadata.created_at,
      data: JSON.stringify(event.data),
    }));
    if (rows.length === 1) {
      await insertEvent.all(trx, rows[0]!);
      return;
    }
    // In batches: the number of parameters of a statement is limited.
    for (let from = 0; from < rows.length; from += 50) {
      await trx
        .insertInto('events')
        .values(rows.slice(from, from + 50))
        .execute();
    }
  }

  /** @returns undefined if the room does not exist */
  async head(roomId: string, trx: Trx | Database['db'] = this.database.db): Promise<LogHead | undefined> {
    return selectHead.first(trx, { roomId });
  }

  /** By room, for each of these rooms that exists. */
  async heads(roomIds: readonly string[]): Promise<Map<string, LogHead>> {
    const heads = new Map<string, LogHead>();
    // In batches: the number of parameters of a statement is limited.
    for (let from = 0; from < roomIds.length; from += 500) {
      const rows = await this.database.db
        .selectFrom('rooms')
        .select(['id', 'sequence', 'epoch'])
        .where('id', 'in', roomIds.slice(from, from + 500))
        .execute();
      for (const { id, ...head } of rows) heads.set(id, head);
    }
    return heads;
  }

  /** At most `limit` events after `after`, whether or not the log reaches back that far. */
  async read(
    roomId: string,
    after: number,
    limit: number,
    trx: Trx | Database['db'] = this.database.db,
  ): Promise<RoomEvent[]> {
    return (await selectEvents.all(trx, { roomId, after, limit })).map(fromRow);
  }

  /**
   * Like `read`, but at most about `maxBytes` of JSON. Contains at least one event if there is one; the event that
   * exceeds the limit is the last.
   */
  async page(
    trx: Trx,
    roomId: string,
    after: number,
    limit: number,
    maxBytes: number,
  ): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    let bytes = 0;
    while (events.length < limit && bytes < maxBytes) {
      const asked = Math.min(limit - events.length, rowsPerRead);
      const from = events.at(-1)?.sequence ?? after;
      const rows = await selectEvents.all(trx, { roomId, after: from, limit: asked });
      for (const row of rows) {
        if (bytes >= maxBytes) break;
        events.push(new StoredEvent(row));
        bytes += Buffer.byteLength(row.data) + envelopeBytes;
      }
      if (rows.length < asked) break;
    }
    return events;
  }

  /**
   * The events after `after` up to the head; `reset` if the log does not hold all of them, or if `after` is beyond
   * the head.
   */
  async missed(trx: Trx, roomId: string, after: number, head: number): Promise<Missed> {
    if (after > head) return { kind: 'reset', oldest: head };
    const oldest = await this.oldest(trx, roomId, head);
    if (after + 1 < oldest) return { kind: 'reset', oldest };
    return { kind: 'replay', events: await this.read(roomId, after, head - after, trx) };
  }

  /** The oldest sequence in the log; head + 1 if the log is empty. */
  async oldest(trx: Trx, roomId: string, head: number): Promise<number> {
    return (await selectOldest.first(trx, { roomId }))?.oldest ?? head + 1;
  }

  /** Which of these events the log still holds. */
  async existing(trx: Trx, eventIds: readonly string[]): Promise<Set<string>> {
    const rows = await trx
      .selectFrom('events')
      .select('event_id')
      .where('event_id', 'in', eventIds)
      .execute();
    return new Set(rows.map(({ event_id }) => event_id));
  }

  /** @returns undefined if the log does not hold the event (any more) */
  async find(trx: Trx | Database['db'], roomId: string, eventId: string): Promise<RoomEvent | undefined> {
    const row = await trx
      .selectFrom('events')
      .selectAll()
      .where('event_id', '=', eventId)
      .where('room_id', '=', roomId)
      .executeTakeFirst();
    return row && fromRow(row);
  }
}

const insertEvent = prepare((db, row: EventRow) =>
  db.insertInto('events').values({
    room_id: row.room_id,
    sequence: row.sequence,
    event_id: row.event_id,
    type: row.type,
    created_at: row.created_at,
    data: row.data,
  }),
);

const selectHead = prepare((db, { roomId }: { roomId: string }) =>
  db.selectFrom('rooms').select(['sequence', 'epoch']).where('id', '=', roomId),
);

const selectEvents = prepare(
  (db, { roomId, after, limit }: { roomId: string; after: number; limit: number }) =>
    db
      .selectFrom('events')
      .selectAll()
      .where('room_id', '=', roomId)
      .where('sequence', '>', after)
      .orderBy('sequence')
      .limit(limit),
);

const selectOldest = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('events')
    .select((of) => of.fn.min('sequence').as('oldest'))
    .where('room_id', '=', roomId),
);
