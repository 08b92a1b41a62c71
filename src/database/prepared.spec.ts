import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { prepare } from './prepared.js';
import type { Schema } from './schema.js';

describe('a prepared query', () => {
  let db: Kysely<Schema>;
  let built = 0;
  const insert = prepare((on, node: { id: string; seen_at: number }) => {
    built += 1;
    return on.insertInto('nodes').values({ id: node.id, seen_at: node.seen_at });
  });
  const find = prepare((on, { id }: { id: string }) =>
    on.selectFrom('nodes').selectAll().where('id', '=', id),
  );

  beforeAll(async () => {
    db = new Kysely({ dialect: new SqliteDialect({ database: new BetterSqlite3(':memory:') }) });
    await db.schema.createTable('nodes').addColumn('id', 'text').addColumn('seen_at', 'real').execute();
  });
  afterAll(() => db.destroy());

  it('is built once and runs with different values, inside and outside a transaction', async () => {
    await insert.all(db, { id: 'a', seen_at: 1 });
    await db.transaction().execute(async (trx) => {
      await insert.all(trx, { id: 'b', seen_at: 2 });
      expect(await find.first(trx, { id: 'b' })).toEqual({ id: 'b', seen_at: 2 });
    });
    expect(built).toBe(1);
    expect(await find.all(db, { id: 'a' })).toEqual([{ id: 'a', seen_at: 1 }]);
    expect(await find.first(db, { id: 'c' })).toBeUndefined();
  });

  it('throws with the parameters if `one` finds no row', async () => {
    expect(await find.one(db, { id: 'a' })).toEqual({ id: 'a', seen_at: 1 });
    await expect(find.one(db, { id: 'c' })).rejects.toThrow('no row: {"id":"c"}');
  });

  it('rejects parameters that are not named one by one', async () => {
    const wrong = prepare((on, node: { id: string; seen_at: number }) => on.insertInto('nodes').values(node));
    await expect(wrong.all(db, { id: 'a', seen_at: 1 })).rejects.toThrow('name each column');
  });
});
