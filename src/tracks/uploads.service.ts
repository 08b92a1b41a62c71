import { Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import type { User } from '../contract/index.js';
import { Database } from '../database/database.js';
import type { RoomRow, TrackRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { RoomAccess } from '../rooms/room-access.js';
import { UploadMedia } from './analysis/upload-media.js';
import { AudioInspector } from './inspection/audio-inspector.js';
import { originalName, titleOf } from './original-name.js';
import { QueueService } from './queue.service.js';
import { type Reservation, StorageQuota } from './storage/storage-quota.js';
import { fileColumns, filesOf, TrackFiles } from './storage/track-files.js';
import type { ReceivedFile } from './storage/upload-folder.js';
import { TrackLimits } from './track-limits.js';
import type { TrackCommandResult } from './tracks.service.js';

const maxQueuedTracks = 1000;

/** A received file and what belongs to its request. */
interface Upload {
  file: ReceivedFile;
  /** The file name that the client sent, unchecked. */
  name: string;
  /** Aborted if the uploader loses the permission during the upload; the reason is the `Problem`. */
  ended: AbortSignal;
  reservation: Reservation;
}

/**
 * Uploads: checks who may upload and whether there is storage left, and turns a received file into a queued track.
 * One instance, owned by the tracks module. A track's files are stored before its row is committed, and deleted again
 * if the transaction fails.
 */
@Injectable()
export class UploadsService implements OnModuleInit {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly queue: QueueService,
    private readonly inspector: AudioInspector,
    private readonly media: UploadMedia,
    private readonly files: TrackFiles,
    private readonly quota: StorageQuota,
    private readonly database: Database,
    private readonly limits: TrackLimits,
  ) {}

  onModuleInit(): void {
    this.broadcaster.react('room_deleted', (change) => this.#releaseFilesOf(change));
  }

  /**
   * Checked before the body is read, and again when the track is added.
   * @throws {Problem} room_not_found, not_a_participant, not_administrator, queue_full, too_many_tracks
   */
  async requireMayUpload(user: User, roomId: string): Promise<void> {
    const room = await this.access.requirePermission(roomId, user, 'upload');
    await this.#requireQueueSpace(this.database.db, room, user.id);
  }

  /**
   * Reserves storage for an upload, before the body is read. The caller releases it when the request ends.
   * @param announcedBytes the size that the request announces; 0 if it announces none
   * @throws {Problem} storage_full
   */
  reserve(user: User, roomId: string, announcedBytes: number): Promise<Reservation> {
    return this.quota.reserve(user.id, roomId, announcedBytes);
  }

  /**
   * Turns a received file into a queued track. The caller discards the temporary file.
   * @throws {Problem} as `requireMayUpload`, and unsupported_media_type, unreadable_audio, audio_too_complex, unavailable,
   * invalid_field, storage_full
   */
  async add(
    user: User,
    roomId: string,
    { file, name, ended, reservation }: Upload,
  ): Promise<TrackCommandResult> {
    const original_name = originalName(name);
    const audio = await this.inspector.inspect(user.id, file);
    const { analysis, cover, images } = await this.media.compute(user.id, file, audio);
    const coverBytes = images.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (coverBytes > 0) await reservation.take(coverBytes);
    return this.files.storeFor(file, images, () => {
      ended.throwIfAborted();
      const row = {
        id: uuid(),
        room_id: roomId,
        uploader_id: user.id,
        sha256: file.sha256,
        title: audio.title ?? titleOf(original_name),
        artist: audio.artist,
        album: audio.album,
        original_name,
        duration: audio.duration,
        mime_type: audio.mimeType,
        size_bytes: file.sizeBytes,
        cover_sha256: cover?.files[1024] ?? null,
        cover_320_sha256: cover?.files[320] ?? null,
        cover_96_sha256: cover?.files[96] ?? null,
        cover_mime_type: cover?.mimeType ?? null,
        cover_size_bytes: coverBytes,
        cover_color: cover?.color ?? null,
        integrated_lufs: analysis?.loudness?.integrated ?? null,
        true_peak_db: analysis?.loudness?.truePeak ?? null,
        has_waveform: analysis ? 1 : 0,
        status: 'queued' as const,
      };
      return this.#insert(user, row, analysis?.peaks, reservation);
    });
  }

  /**
   * Returns a played track to the end of the queue, without votes. It counts as one of its uploader's.
   * @throws {Problem} as `requireMayUpload`; track_not_found, already_queued, rate_limited
   */
  async addAgain(user: User, track: TrackRow, address: string): Promise<TrackCommandResult> {
    return this.broadcaster.roomCommand(track.room_id, async (change) => {
      const { trx, now } = change;
      const room = await this.access.requirePermission(track.room_id, user, 'upload', trx);
      const { status, uploader_id } = await this.queue.find(trx, track.id);
      if (status !== 'played') {
        throw new Problem('already_queued', 'The track is queued or playing already.');
      }
      await this.#requireQueueSpace(trx, room, uploader_id);
      await this.limits.upload(user.id, address, room.id);
      await this.queue.addAgain(trx, track.id, now);
      return this.#added(change, user, track.id);
    });
  }

  #insert(
    user: User,
    row: Omit<TrackRow, 'vote_score' | 'placed_position' | 'created_at' | 'played_at'>,
    peaks: number[] | undefined,
    reservation: Reservation,
  ): Promise<TrackCommandResult> {
    return this.broadcaster.roomCommand(row.room_id, async (change) => {
      const { trx, now } = change;
      // The track counts from now on; its reservation would count it twice.
      change.onceCommitted(() => Promise.resolve(reservation.release()));
      const room = await this.access.requirePermission(row.room_id, user, 'upload', trx);
      await this.#requireQueueSpace(trx, room, user.id);
      await this.quota.requireStorage(trx, user.id, row.room_id, row.size_bytes + row.cover_size_bytes);
      await trx
        .insertInto('tracks')
        .values({ ...row, created_at: now, placed_position: null, played_at: null })
        .execute();
      if (peaks) {
        const waveform = { track_id: row.id, peaks: Buffer.from(peaks).toString('base64') };
        await trx.insertInto('waveforms').values(waveform).execute();
      }
      return this.#added(change, user, row.id);
    });
  }

  async #added(change: RoomChange, user: User, trackId: string): Promise<TrackCommandResult> {
    const { trx, room } = change;
    change.trackActivity('track_added', {
      track: await this.queue.view(trx, trackId),
      uploader: user,
      queue_position: (await this.queue.position(trx, room, trackId)) ?? 1,
      total_tracks: await this.queue.count(trx, room.id, 'queued'),
    });
    const event = await change.lastEvent();
    // Read after the reactions: in a silent room the track has started.
    return { track: await this.queue.view(trx, trackId), event };
  }

  /** @throws {Problem} too_many_tracks, queue_full */
  async #requireQueueSpace(
    trx: Database['db'],
    { id: roomId, max_tracks_per_user: max }: Pick<RoomRow, 'id' | 'max_tracks_per_user'>,
    uploaderId: string,
  ): Promise<void> {
    if (max !== null && (await this.queue.countOf(trx, roomId, uploaderId)) >= max) {
      throw new Problem(
        'too_many_tracks',
        `At most ${max} tracks of one uploader may be queued in this room: wait until one has been played.`,
      );
    }
    if ((await this.queue.count(trx, roomId, 'queued')) >= maxQueuedTracks) {
      throw new Problem(
        'queue_full',
        `The queue is full: it has ${maxQueuedTracks} tracks. Wait until some have been played.`,
      );
    }
  }

  async #releaseFilesOf(change: RoomChange): Promise<void> {
    const rows = await change.trx
      .selectFrom('tracks')
      .select(fileColumns)
      .where('room_id', '=', change.room.id)
      .execute();
    const files = new Set(rows.flatMap(filesOf));
    change.onceCommitted(() => this.files.release([...files]));
  }
}
