import { type Kysely, type Migration, sql } from 'kysely';

const real = sql`double precision`;

/**
 * What is computed about a track when it is uploaded. Tracks from before have none of it: their `cover_sha256` is the
 * picture as it was uploaded, in one size.
 */
export const analysis: Migration = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see migrations.ts
  async up({ schema }: Kysely<any>) {
    await schema.alterTable('tracks').addColumn('cover_320_sha256', 'text').execute();
    await schema.alterTable('tracks').addColumn('cover_96_sha256', 'text').execute();
    await schema.alterTable('tracks').addColumn('cover_color', 'text').execute();
    await schema.alterTable('tracks').addColumn('integrated_lufs', real).execute();
    await schema.alterTable('tracks').addColumn('true_peak_db', real).execute();
    await schema
      .alterTable('tracks')
      .addColumn('has_waveform', 'integer', (c) => c.notNull().defaultTo(0))
      .execute();
    await schema.createIndex('tracks_cover_320_sha256').on('tracks').column('cover_320_sha256').execute();
    await schema.createIndex('tracks_cover_96_sha256').on('tracks').column('cover_96_sha256').execute();
    // A table of its own: lists of tracks do not read the peaks.
    await schema
      .createTable('waveforms')
      .addColumn('track_id', 'text', (c) => c.primaryKey().references('tracks.id').onDelete('cascade'))
      .addColumn('peaks', 'text', (c) => c.notNull())
      .execute();
  },
};
