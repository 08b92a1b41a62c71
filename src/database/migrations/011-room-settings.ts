import { type Kysely, type Migration, sql } from 'kysely';

const settings = [
  ['fair_turns', 'integer', 0],
  ['fallback', 'text', 'off'],
  ['repeat', 'text', 'off'],
  ['level_loudness', 'integer', 1],
] as const;

/** How a room plays, and the votes to skip its current track. */
export const roomSettings: Migration = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see migrations.ts
  async up({ schema }: Kysely<any>) {
    const rooms = () => schema.alterTable('rooms');
    await rooms()
      .addColumn('skip_vote_share', sql`double precision`)
      .execute();
    await rooms().addColumn('max_tracks_per_user', 'integer').execute();
    for (const [name, type, value] of settings) {
      await rooms()
        .addColumn(name, type, (c) => c.notNull().defaultTo(value))
        .execute();
    }
    await schema
      .createTable('skip_votes')
      .addColumn('room_id', 'text', (c) => c.notNull().references('rooms.id').onDelete('cascade'))
      .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
      .addColumn('created_at', sql`double precision`, (c) => c.notNull())
      .addPrimaryKeyConstraint('skip_votes_key', ['room_id', 'user_id'])
      .execute();
  },
};
