import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { v7 as uuid } from 'uuid';
import type { Track, User } from '../contract/index.js';
import { Database } from '../database/database.js';
import type { TrackRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { KeyedLock } from '../events/keyed-lock.js';
import { RoomAccess } from '../rooms/room-access.js';
import { FileStore, type Incoming, sha256Of } from './file-store.js';
import { AudioInspector } from './inspection/audio-inspector.js';
import { originalName, titleOf } from './original-name.js';
import { QueueService } from './queue.service.js';

const longestQueue = 1000;

/** Tracks on their way in, and the files they are made of, which go when no track needs them any more. */
@Injectable()
export class UploadsService implements OnModuleInit, OnApplicationBootstrap {
  /** Held while a file is given to a track, or taken away because no track has it. */
  readonly #files = new KeyedLock();

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly queue: QueueService,
    private readonly inspector: AudioInspector,
    private readonly store: FileStore,
    private readonly database: Database,
    @InjectPinoLogger(UploadsService.name) private readonly log: PinoLogger,
  ) {}

  onModuleInit(): void {
    this.broadcaster.react('room_deleted', (change) => this.#releaseFilesOf(change));
  }

  onApplicationBootstrap(): void {
    // A process that ended between keeping a file and writing its row has left the file.
    void this.#sweep().catch((err: unknown) => this.log.warn({ err }, 'unused files could not be removed'));
  }

  /** Asked before the first byte is read. @throws {Problem} room_not_found, not_a_participant, not_administrator, queue_full */
  async requireMayUpload(user: User, roomId: string): Promise<void> {
    await this.access.requirePermission(roomId, user, 'upload');
    await this.#requireRoom(this.database.db, roomId);
  }

  /**
   * Turns an uploaded file into a queued track. The incoming file is used up, whatever happens.
   * @param ended aborted where the uploader loses the permission meanwhile
   * @throws {Problem} as `requireMayUpload`, and unsupported_media_type, unreadable_audio, audio_too_complex, unavailable,
   * invalid_field
   */
  async add(
    user: User,
    roomId: string,
    incoming: Incoming,
    givenName: string,
    ended: AbortSignal,
  ): Promise<Track> {
    try {
      const original_name = originalName(givenName);
      const audio = await this.inspector.inspect(user.id, incoming);
      const { sha256, size: size_bytes } = incoming;
      const cover_sha256 = audio.cover ? sha256Of(audio.cover.bytes) : null;
      return await this.#holding(cover_sha256 === null ? [sha256] : [sha256, cover_sha256], async () => {
        await this.store.keep(incoming);
        if (audio.cover && cover_sha256 !== null) await this.store.keepBytes(audio.cover.bytes, cover_sha256);
        const id = uuid();
        ended.throwIfAborted();
        await this.#insert(user, {
          id,
          room_id: roomId,
          uploader_id: user.id,
          sha256,
          title: audio.title ?? titleOf(original_name),
          artist: audio.artist,
          album: audio.album,
          original_name,
          duration: audio.duration,
          mime_type: audio.mimeType,
          size_bytes,
          cover_sha256,
          cover_mime_type: audio.cover?.mimeType ?? null,
          status: 'queued',
        });
        // Read again: it may have started at once.
        return this.queue.view(this.database.db, id);
      });
    } finally {
      await this.store.discard(incoming);
    }
  }

  /** Removes files that no track has any more. */
  async release(files: readonly string[]): Promise<void> {
    for (const sha256 of files) await this.#holding([sha256], () => Promise.resolve());
  }

  /** Does something to files while nobody else does, and removes those that no track has afterwards. */
  async #holding<R>(files: readonly string[], work: () => Promise<R>): Promise<R> {
    // In one order, so that two uploads never wait for each other.
    const [first, ...rest] = [...new Set(files)].sort();
    if (first === undefined) return work();
    return this.#files.run(first, async () => {
      try {
        return await this.#holding(rest, work);
      } finally {
        await this.#removeIfUnused(first);
      }
    });
  }

  #insert(
    user: User,
    row: Omit<TrackRow, 'vote_score' | 'placed_position' | 'created_at' | 'played_at'>,
  ): Promise<void> {
    return this.broadcaster.roomChange(row.room_id, async (change) => {
      const { trx, now } = change;
      await this.access.requirePermission(row.room_id, user, 'upload', trx);
      await this.#requireRoom(trx, row.room_id);
      await trx
        .insertInto('tracks')
        .values({ ...row, created_at: now, placed_position: null, played_at: null })
        .execute();
      const track = await this.queue.view(trx, row.id);
      change.trackActivity('track_added', {
        track,
        uploader: user,
        queue_position: (await this.queue.position(trx, row.room_id, row.id)) ?? 1,
        total_tracks: await this.queue.count(trx, row.room_id, 'queued'),
      });
    });
  }

  async #requireRoom(trx: Database['db'], roomId: string): Promise<void> {
    if ((await this.queue.count(trx, roomId, 'queued')) >= longestQueue) {
      throw new Problem(
        'queue_full',
        `The queue holds ${longestQueue} tracks already; wait until some were played.`,
      );
    }
  }

  async #releaseFilesOf(change: RoomChange): Promise<void> {
    const rows = await change.trx
      .selectFrom('tracks')
      .select(['sha256', 'cover_sha256'])
      .where('room_id', '=', change.room.id)
      .execute();
    const files = new Set(
      rows.flatMap((row) => [row.sha256, row.cover_sha256]).filter((file) => file !== null),
    );
    change.onceCommitted(() => this.release([...files]));
  }

  async #removeIfUnused(sha256: string): Promise<void> {
    const used = await this.database.db
      .selectFrom('tracks')
      .select('id')
      .where((of) => of.or([of('sha256', '=', sha256), of('cover_sha256', '=', sha256)]))
      .limit(1)
      .executeTakeFirst();
    if (!used) await this.store.remove(sha256);
  }

  async #sweep(): Promise<void> {
    for await (const sha256 of this.store.list()) await this.release([sha256]);
  }
}
