import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';

/** Number of tracks, and bytes of their audio and covers. */
export interface StorageUse {
  tracks: number;
  bytes: number;
}

/** Reads how much storage tracks use. For the operator: sums over the tracks of many rooms. */
@Injectable()
export class StorageUses {
  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async server(): Promise<StorageUse & { max_bytes: number | null }> {
    const use = await this.#sums().executeTakeFirstOrThrow();
    return { ...viewOf(use), max_bytes: this.settings.maxStorageBytes };
  }

  /** By room; rooms without tracks are left out. */
  async ofRooms(roomIds: readonly string[]): Promise<Map<string, StorageUse>> {
    if (roomIds.length === 0) return new Map();
    const rows = await this.#sums()
      .select('room_id')
      .where('room_id', 'in', roomIds)
      .groupBy('room_id')
      .execute();
    return new Map(rows.map((row) => [row.room_id, viewOf(row)]));
  }

  #sums() {
    return this.database.db.selectFrom('tracks').select((of) => [
      of.fn.countAll<number>().as('tracks'),
      // In PostgreSQL the sum of bigints is numeric, which pg returns as text; a double it returns as a number.
      of
        .cast<number | null>(
          of.fn.sum<number | null>(of('size_bytes', '+', of.ref('cover_size_bytes'))),
          'double precision',
        )
        .as('bytes'),
    ]);
  }
}

const viewOf = ({ tracks, bytes }: { tracks: number; bytes: number | null }): StorageUse => ({
  tracks,
  bytes: bytes ?? 0,
});
