import { type Kysely, type Migration, sql } from 'kysely';

/** When the operator banned a user from the server; null for the others. */
export const userBans: Migration = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see migrations.ts
  async up({ schema }: Kysely<any>) {
    await schema
      .alterTable('users')
      .addColumn('banned_at', sql`double precision`)
      .execute();
  },
};
