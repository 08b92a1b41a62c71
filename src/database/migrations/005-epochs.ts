import { randomBytes } from 'node:crypto';
import type { Kysely, Migration } from 'kysely';

/** The epoch of each room. Existing rooms get the same one, since an epoch is only compared with others of its room. */
export const epochs: Migration = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see migrations.ts
  async up(db: Kysely<any>) {
    await db.schema
      .alterTable('rooms')
      .addColumn('epoch', 'text', (c) => c.notNull().defaultTo(''))
      .execute();
    await db
      .updateTable('rooms')
      .set({ epoch: randomBytes(9).toString('base64url') })
      .execute();
  },
};
