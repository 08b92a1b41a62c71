import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import type { Track, User } from '../contract/index.js';
import { Database } from '../database/database.js';
import type { TrackRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { RoomAccess } from '../rooms/room-access.js';
import { AudioInspector } from './inspection/audio-inspector.js';
import { originalName, titleOf } from './original-name.js';
import { QueueService } from './queue.service.js';
import { type Incoming, sha256Of } from './storage/file-store.js';
import { type Reservation, StorageQuota } from './storage/storage-quota.js';
import { TrackFiles } from './storage/track-files.js';

const longestQueue = 1000;

/** A file that was received, and what belongs to its request. */
interface Upload {
  incoming: Incoming;
  name: string;
  /** Aborted if the uploader loses the permission during the upload. */
  ended: AbortSignal;
  reservation: Reservation;
}

/** Uploads: who may, whether there is room, and a queued track made of the file that came. */
@Injectable()
export class UploadsService implements OnModuleInit {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly queue: QueueService,
    private readonly inspector: AudioInspector,
    private readonly files: TrackFiles,
    private readonly quota: StorageQuota,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.broadcaster.react('room_deleted', (change) => this.#releaseFilesOf(change));
  }

  /** Asked before the first byte is read. @throws {Problem} room_not_found, not_a_participant, not_administrator, queue_full */
  async requireMayUpload(user: User, roomId: string): Promise<void> {
    await this.access.requirePermission(roomId, user, 'upload');
    await this.#requireRoom(this.database.db, roomId);
  }

  /**
   * Asked before the first byte is read, too. The caller releases it, whatever becomes of the upload.
   * @param announcedBytes what is said to come; 0 where nothing is said
   * @throws {Problem} storage_full
   */
  reserve(user: User, roomId: string, announcedBytes: number): Promise<Reservation> {
    return this.quota.reserve(user.id, roomId, announcedBytes);
  }

  /**
   * Turns an uploaded file into a queued track. The incoming file is used up, whatever happens.
   * @throws {Problem} as `requireMayUpload`, and unsupported_media_type, unreadable_audio, audio_too_complex, unavailable,
   * invalid_field, storage_full
   */
  async add(user: User, roomId: string, { incoming, name, ended, reservation }: Upload): Promise<Track> {
    try {
      const original_name = originalName(name);
      const audio = await this.inspector.inspect(user.id, incoming);
      const { sha256, size: size_bytes } = incoming;
      const cover = audio.cover && { ...audio.cover, sha256: sha256Of(audio.cover.bytes) };
      if (cover) await reservation.take(cover.bytes.length);
      return await this.files.keepFor(incoming, cover, async () => {
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
          cover_sha256: cover?.sha256 ?? null,
          cover_mime_type: cover?.mimeType ?? null,
          cover_size_bytes: cover?.bytes.length ?? 0,
          status: 'queued',
        });
        // Read again: it may have started at once.
        return this.queue.view(this.database.db, id);
      });
    } finally {
      await this.files.discard(incoming);
    }
  }

  /** Deletes the files of a removed track, unless another track has them. */
  release(files: readonly string[]): Promise<void> {
    return this.files.release(files);
  }

  #insert(
    user: User,
    row: Omit<TrackRow, 'vote_score' | 'placed_position' | 'created_at' | 'played_at'>,
  ): Promise<void> {
    return this.broadcaster.roomChange(row.room_id, async (change) => {
      const { trx, now } = change;
      await this.access.requirePermission(row.room_id, user, 'upload', trx);
      await this.#requireRoom(trx, row.room_id);
      await this.quota.requireRoomFor(trx, user.id, row.room_id, row.size_bytes + row.cover_size_bytes);
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
    change.onceCommitted(() => this.files.release([...files]));
  }
}
