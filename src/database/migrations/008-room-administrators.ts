import type { Kysely, Migration } from 'kysely';

/** An index by which the rooms that a user administers are counted. */
export const roomAdministrators: Migration = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see migrations.ts
  async up({ schema }: Kysely<any>) {
    await schema.createIndex('rooms_administrator_id').on('rooms').column('administrator_id').execute();
  },
};
