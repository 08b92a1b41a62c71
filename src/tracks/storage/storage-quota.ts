import { Inject, Injectable } from '@nestjs/common';
import { lockUser } from '../../auth/users.js';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { Database, type Trx } from '../../database/database.js';
import { prepare } from '../../database/prepared.js';
import { FreeSpace, type PendingWrites } from './free-space.js';
import { type Limit, limitReached } from './storage-problems.js';

type Usage = Record<Limit, number>;

/** The storage that one upload may use while it is received. The caller releases it when the request ends. */
export interface Reservation {
  /** Takes the next bytes, before they are written. @throws {Problem} storage_full */
  take(bytes: number): Promise<void>;
  /** Reports how many bytes have been written to the file in total. */
  wrote(totalBytes: number): void;
  release(): void;
}

/**
 * Enforces the storage limits of users, rooms and the server. One instance, owned by the tracks module. It counts the
 * audio and the cover of every track, also of played ones and of tracks with the same file, and the uploads in
 * progress in this process. Limits are checked while an upload arrives, and again in the transaction that adds the
 * track.
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
   * Called before the body is read.
   * @param announcedBytes the `Content-Length`. An upload that cannot fit is refused at once. The user's limit counts the
   * announced bytes from now on: of parallel uploads, as many succeed as fit. The limits of the room and the server
   * count bytes as they arrive: a user cannot use up storage of others with announcements alone.
   * @throws {Problem} storage_full
   */
  async reserve(userId: string, roomId: string, announcedBytes: number): Promise<Reservation> {
    const stored = await this.#stored(this.database.db, userId, roomId);
    const upload: Upload = new Upload(
      userId,
      roomId,
      announcedBytes,
      stored,
      (bytes) => this.#grant(upload, bytes),
      () => {
        this.#uploads.delete(upload);
        this.space.remove(upload);
      },
    );
    this.#requireLimits(this.#usage(upload), Math.max(1, announcedBytes));
    this.#uploads.add(upload);
    try {
      await this.space.require(Math.max(1, announcedBytes));
    } catch (error) {
      this.#uploads.delete(upload);
      throw error;
    }
    this.space.add(upload);
    return upload;
  }

  /** Checks the limits again, in the transaction that adds the track. @throws {Problem} storage_full */
  async requireStorage(trx: Trx, userId: string, roomId: string, bytes: number): Promise<void> {
    // The room is locked already. Without this lock, uploads of one user to several rooms could exceed the limit.
    await lockUser(trx, userId);
    this.#requireLimits(await this.#stored(trx, userId, roomId), bytes);
  }

  async #grant(upload: Upload, bytes: number): Promise<void> {
    this.#requireLimits(this.#usage(upload), bytes);
    await this.space.grant(bytes);
  }

  /** What is stored, as of the start of the upload, and taken by uploads in progress. */
  #usage(upload: Upload): Usage {
    const { userId, roomId, stored } = upload;
    const usage = { ...stored };
    for (const other of this.#uploads) {
      if (other.userId === userId) usage.user += other === upload ? other.takenBytes : other.countedBytes;
      if (other.roomId === roomId) usage.room += other.takenBytes;
      usage.server += other.takenBytes;
    }
    return usage;
  }

  #requireLimits(usage: Usage, bytes: number): void {
    for (const limit of ['user', 'room', 'server'] as const) {
      const maxBytes = this.#limits[limit];
      if (maxBytes !== null && usage[limit] + bytes > maxBytes) {
        throw limitReached(limit, maxBytes, usage[limit]);
      }
    }
  }

  async #stored(db: Trx | Database['db'], userId: string, roomId: string): Promise<Usage> {
    return {
      user: (await sumOfUser.one(db, { userId })).bytes ?? 0,
      room: (await sumOfRoom.one(db, { roomId })).bytes ?? 0,
      // Sums over all tracks, so only if there is a limit.
      server: this.#limits.server === null ? 0 : ((await sumOfAll.one(db, {})).bytes ?? 0),
    };
  }
}

/** One upload in progress, from `reserve` to `release`. */
class Upload implements Reservation, PendingWrites {
  takenBytes = 0;
  #writtenBytes = 0;

  constructor(
    readonly userId: string,
    readonly roomId: string,
    private readonly announcedBytes: number,
    /** The usage when the upload began, without uploads in progress. */
    readonly stored: Usage,
    private readonly grant: (bytes: number) => Promise<void>,
    readonly release: () => void,
  ) {}

  /** For the user's limit. */
  get countedBytes(): number {
    return Math.max(this.announcedBytes, this.takenBytes);
  }

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
    // In PostgreSQL the sum of bigints is numeric, which pg returns as text; a double it returns as a number.
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
