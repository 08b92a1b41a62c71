import type { Kysely, Migration } from 'kysely';

/** An index by which the sessions of a user are revoked. */
export const sessionUsers: Migration = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see migrations.ts
  async up({ schema }: Kysely<any>) {
    await schema.createIndex('sessions_user_id').on('sessions').column('user_id').execute();
  },
};
