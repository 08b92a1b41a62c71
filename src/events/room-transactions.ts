import { Injectable } from '@nestjs/common';
import { Clock } from '../config/clock.js';
import type { EventType } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import { EventLog } from './event-log.js';
import { KeyedLock, type LockPriority } from './keyed-lock.js';
import { RetentionService } from './retention.service.js';
import { type Reaction, RoomChange } from './room-change.js';
import type { RoomRow } from '../database/schema.js';

/** Changes that begin within this time of a turn of the event loop run in that turn; later ones in the next. */
const turnBudgetMs = 4;

/** Rooms whose logs are written together; the number of parameters of a statement is limited. */
const roomsPerBatch = 50;

/** What a transaction changes. */
export interface RoomTransaction<R> {
  roomIds: readonly string[];
  /** Locks the rows of the rooms that exist, before anything else is read; or inserts a new one. */
  take: (trx: Trx) => Promise<RoomRow[]>;
  /** @param changes one for each row */
  work: (trx: Trx, changes: readonly RoomChange[]) => Promise<R>;
  /** Called after the commit, before the next change of one of these rooms begins. */
  committed: (changes: readonly RoomChange[]) => void;
  priority: LockPriority;
}

/**
 * Runs the transactions that change rooms: locks the rooms, runs the work and the reactions to its events, and writes
 * the events to the log. Made once and used by `EventBroadcasterService` only, which sends the events.
 */
@Injectable()
export class RoomTransactions {
  readonly #reactions = new Map<EventType, Reaction<EventType>[]>();
  readonly #rooms = new KeyedLock();
  /** When the first change in this turn of the event loop began. */
  #turnBegan: number | undefined;

  constructor(
    private readonly database: Database,
    private readonly eventLog: EventLog,
    private readonly retention: RetentionService,
    private readonly clock: Clock,
  ) {}

  /** Runs `reaction` in the same transaction whenever an event of this type is raised. */
  react<T extends EventType>(type: T, reaction: Reaction<T>): void {
    const known = this.#reactions.get(type) ?? [];
    this.#reactions.set(type, [...known, reaction as unknown as Reaction<EventType>]);
  }

  /** @throws what `work` throws, and then nothing has happened */
  async run<R>(transaction: RoomTransaction<R>): Promise<{ result: R; changes: readonly RoomChange[] }> {
    const { roomIds, take, work, committed, priority } = transaction;
    const inRooms = async () => {
      await this.#yieldToEventLoop();
      const done = await this.database.write(async (trx) => {
        const rows = await take(trx);
        const now = this.clock.now();
        const changes = rows.map((row) => new RoomChange(trx, row, now, this.#reactionsTo));
        const result = await work(trx, changes);
        for (const change of changes) await change.runReactions();
        for (let from = 0; from < changes.length; from += roomsPerBatch) {
          if (from > 0) await this.#yieldToEventLoop();
          await this.#writeLogs(trx, changes.slice(from, from + roomsPerBatch));
        }
        return { result, changes };
      });
      // After the commit: a change that is rolled back raises no events.
      committed(done.changes);
      return done;
    };
    const done = await this.#rooms.runAll(roomIds, inRooms, priority);
    for (const { deleted, room, sequence } of done.changes) {
      if (!deleted) this.retention.advanced(room.id, room.sequence, sequence);
    }
    return done;
  }

  /**
   * SQLite is synchronous: many changes at once would queue events without the sockets being flushed in between, and
   * listeners that keep up would look slow.
   */
  async #yieldToEventLoop(): Promise<void> {
    const now = performance.now();
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now;
      setImmediate(() => (this.#turnBegan = undefined));
    }
    if (now - this.#turnBegan >= turnBudgetMs) await new Promise((resolve) => setImmediate(resolve));
  }

  #reactionsTo = (type: EventType): readonly Reaction<EventType>[] => this.#reactions.get(type) ?? [];

  async #writeLogs(trx: Trx, changes: readonly RoomChange[]): Promise<void> {
    for (const { deleted, room } of changes) {
      if (deleted) await trx.deleteFrom('rooms').where('id', '=', room.id).execute();
    }
    const advanced = changes.filter(({ deleted, room, sequence }) => !deleted && sequence > room.sequence);
    if (advanced.length === 0) return;
    const logged = advanced.flatMap(({ outgoing }) =>
      outgoing.flatMap(({ to, event }) =>
        to === 'room' && event.metadata.sequence !== undefined ? [event] : [],
      ),
    );
    await this.eventLog.append(trx, logged);
    if (advanced.length === 1) await storeSequence.all(trx, sequenceOf(advanced[0]!));
    else await addToSequences(trx, advanced.map(sequenceOf));
  }
}

interface NewSequence {
  roomId: string;
  sequence: number;
  /** The number of logged events. */
  added: number;
}

const sequenceOf = ({ room, sequence }: RoomChange): NewSequence => ({
  roomId: room.id,
  sequence,
  added: sequence - room.sequence,
});

const storeSequence = prepare((db, { roomId, sequence }: NewSequence) =>
  db.updateTable('rooms').set({ sequence }).where('id', '=', roomId),
);

/** Stores the sequences of several rooms, with one statement for all in which as many events were raised. */
async function addToSequences(trx: Trx, rooms: readonly NewSequence[]): Promise<void> {
  for (const count of new Set(rooms.map(({ added }) => added))) {
    const ids = rooms.filter(({ added }) => added === count).map(({ roomId }) => roomId);
    await trx
      .updateTable('rooms')
      .set((of) => ({ sequence: of('sequence', '+', count) }))
      .where('id', 'in', ids)
      .execute();
  }
}
