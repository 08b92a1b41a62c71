import type { Kysely, Migration } from 'kysely';

/** Columns and an index to count storage by user, and the table with the database's id. */
export const storage: Migration = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see migrations.ts
  async up({ schema }: Kysely<any>) {
    await schema
      .alterTable('tracks')
      // Covers of existing tracks are not counted: their sizes are not known.
      .addColumn('cover_size_bytes', 'integer', (c) => c.notNull().defaultTo(0))
      .execute();
    await schema
      .createIndex('tracks_uploader_size')
      .on('tracks')
      .columns(['uploader_id', 'size_bytes', 'cover_size_bytes'])
      .execute();
    await schema
      .createTable('database_state')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('value', 'text', (c) => c.notNull())
      .execute();
  },
};
