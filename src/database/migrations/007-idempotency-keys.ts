import { type Kysely, type Migration, sql } from 'kysely';

/** The kept answers of commands, by user and key. */
export const idempotencyKeys: Migration = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see migrations.ts
  async up({ schema }: Kysely<any>) {
    await schema
      .createTable('idempotency_keys')
      .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('request_hash', 'text', (c) => c.notNull())
      .addColumn('answer', 'text', (c) => c.notNull())
      .addColumn('size_bytes', 'integer', (c) => c.notNull())
      .addColumn('created_at', sql`double precision`, (c) => c.notNull())
      .addPrimaryKeyConstraint('idempotency_keys_key', ['user_id', 'key'])
      .execute();
    await schema
      .createIndex('idempotency_keys_created_at')
      .on('idempotency_keys')
      .column('created_at')
      .execute();
  },
};
