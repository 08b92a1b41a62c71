import type { Kysely, Migration } from 'kysely';

/** An index in the order of the history: its newest tracks are read without sorting all of them. */
export const history: Migration = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see migrations.ts
  async up({ schema }: Kysely<any>) {
    await schema
      .createIndex('tracks_history')
      .on('tracks')
      .columns(['room_id', 'status', 'played_at', 'id'])
      .execute();
    // The new one begins with its columns.
    await schema.dropIndex('tracks_room_status').execute();
  },
};
