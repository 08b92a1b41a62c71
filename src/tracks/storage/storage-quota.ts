import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { Database, type Trx } from '../../database/database.js';
import { forUpdate } from '../../database/dialects.js';
import { prepare } from '../../database/prepared.js';
import { FreeSpace, type PendingWrites } from './free-space.js';
import { type Limit, limitReached } from './storage-problems.js';

type Usage = Record<Limit, number>;

/** Room for one upload while it is received. The caller releases it when the upload ends, successfully or not. */
export interface Reservation {
  /** Asks for room for the next bytes, before they are written. @throws {Problem} storage_full */
  take(bytes: number): Promise<void>;
  /** How many of them have reached the file, all together. */
  wrote(totalBytes: number): void;
  release(): void;
}

/**
 * What users, rooms and the server may keep. Counted are audio and covers of the tracks that exist, played ones
 * included, for each track even where two have the same file, and what is being received.
 */
@Injectable()
export class StorageQuota {
  readonly #uploads = new Set<Upload>();
  readonly #limits: Record<Limit, number | null>;

  constructor(
    private readonly database: Database,
    private readonly space: FreeSpace,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.#limits = {
      user: settings.maxUserStorageBytes,
      room: settings.maxRoomStorageBytes,
      server: settings.maxStorageBytes,
    };
  }

  /**
   * Before the first byte is read.
   * @param announcedBytes what the caller says will come; what really comes is counted as it arrives
   * @throws {Problem} storage_full
   */
  async reserve(userId: string, roomId: string, announcedBytes: number): Promise<Reservation> {
    const stored = await this.#stored(this.database.db, userId, roomId);
    const upload: Upload = new Upload(
      userId,
      roomId,
      stored,
      (bytes) => this.#grant(upload, bytes),
      () => {
        this.#uploads.delete(upload);
        this.space.remove(upload);
      },
    );
    this.#requireLimits(this.#usage(upload), Math.max(1, announcedBytes));
    await this.space.require(Math.max(1, announcedBytes));
    this.#uploads.add(upload);
    this.space.add(upload);
    return upload;
  }

  /** In the transaction that adds a track: tracks added since then count. @throws {Problem} storage_full */
  async requireStorage(trx: Trx, userId: string, roomId: string, bytes: number): Promise<void> {
    // The room is held already; the user's uploads to other rooms wait here for each other.
    await lockUser.first(trx, { userId });
    this.#requireLimits(await this.#stored(trx, userId, roomId), bytes);
  }

  async #grant(upload: Upload, bytes: number): Promise<void> {
    this.#requireLimits(this.#usage(upload), bytes);
    await this.space.grant(bytes);
  }

  /** What is stored and being received, seen from one upload. */
  #usage({ userId, roomId, stored }: Upload): Usage {
    const usage = { ...stored };
    for (const other of this.#uploads) {
      if (other.userId === userId) usage.user += other.takenBytes;
      if (other.roomId === roomId) usage.room += other.takenBytes;
      usage.server += other.takenBytes;
    }
    return usage;
  }

  #requireLimits(usage: Usage, bytes: number): void {
    for (const limit of ['user', 'room', 'server'] as const) {
      const most = this.#limits[limit];
      if (most !== null && usage[limit] + bytes > most) throw limitReached(limit, most, usage[limit]);
    }
  }

  async #stored(db: Trx | Database['db'], userId: string, roomId: string): Promise<Usage> {
    return {
      user: (await sumOfUser.one(db, { userId })).bytes ?? 0,
      room: (await sumOfRoom.one(db, { roomId })).bytes ?? 0,
      // The one sum over all tracks, and only where someone wants to know.
      server: this.#limits.server === null ? 0 : ((await sumOfAll.one(db, {})).bytes ?? 0),
    };
  }
}

class Upload implements Reservation, PendingWrites {
  takenBytes = 0;
  #writtenBytes = 0;

  constructor(
    readonly userId: string,
    readonly roomId: string,
    /** As it was when the upload began. */
    readonly stored: Usage,
    private readonly grant: (bytes: number) => Promise<void>,
    readonly release: () => void,
  ) {}

  get pendingBytes(): number {
    return this.takenBytes - this.#writtenBytes;
  }

  async take(bytes: number): Promise<void> {
    await this.grant(bytes);
    this.takenBytes += bytes;
  }

  wrote(totalBytes: number): void {
    this.#writtenBytes = totalBytes;
  }
}

const tracksSize = (db: Trx | Database['db']) =>
  db.selectFrom('tracks').select((of) => [
    // As a double: a sum of bigint is numeric in PostgreSQL, which arrives as text.
    of
      .cast<number | null>(
        of.fn.sum<number | null>(of('size_bytes', '+', of.ref('cover_size_bytes'))),
        'double precision',
      )
      .as('bytes'),
  ]);
const sumOfUser = prepare((db, { userId }: { userId: string }) =>
  tracksSize(db).where('uploader_id', '=', userId),
);
const sumOfRoom = prepare((db, { roomId }: { roomId: string }) =>
  tracksSize(db).where('room_id', '=', roomId),
);
const sumOfAll = prepare((db, _: object) => tracksSize(db));
const lockUser = prepare((db, { userId }: { userId: string }) =>
  forUpdate(db, db.selectFrom('users').select('id').where('id', '=', userId)),
);
