import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import { Kysely, sql } from 'kysely';
import { SqliteDialect } from './sqlite-driver.js';
import { SqliteFile } from './sqlite-file.js';

describe('transactions in SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roomcast-dialects-'));
  const file = join(folder, 'test.sqlite');
  let db: Kysely<{ things: { id: number } }>;

  beforeAll(async () => {
    const onDamaged = () => {
      throw new Error('damaged');
    };
    db = new Kysely({ dialect: new SqliteDialect(new SqliteFile(file, 'normal'), onDamaged) });
    await db.schema
      .createTable('things')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .execute();
  });
  beforeEach(() => db.deleteFrom('things').execute());
  afterAll(async () => {
    await db.destroy();
    rmSync(folder, { recursive: true });
  });
  const ids = async () => (await db.selectFrom('things').select('id').execute()).map(({ id }) => id);
  const add = (trx: typeof db, id: number) => trx.insertInto('things').values({ id }).execute();

  it('commit when they succeed and roll back when they fail, without affecting the next one', async () => {
    await db.transaction().execute((trx) => add(trx, 1));
    const failing = db.transaction().execute(async (trx) => {
      await add(trx, 2);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await db.transaction().execute((trx) => add(trx, 3));
    expect(await ids()).toEqual([1, 3]);
  });

  it('report the original error if SQLite has already rolled back by itself', async () => {
    const failing = db.transaction().execute(async (trx) => {
      await add(trx, 1);
      await sql`rollback`.execute(trx);
      throw new Error('the disk is full');
    });
    await expect(failing).rejects.toThrow('the disk is full');
    await db.transaction().execute((trx) => add(trx, 2));
    expect(await ids()).toEqual([2]);
  });

  it('lock the database from their beginning if they write, and not if they only read', async () => {
    const elsewhere = new BetterSqlite3(file, { timeout: 0 });
    const write = () => elsewhere.prepare('insert into things values (9)').run();
    try {
      await db.transaction().execute(async () => {
        expect(write).toThrow('database is locked');
      });
      await db
        .transaction()
        .setAccessMode('read only')
        .execute(async () => {
          write();
        });
      expect(await ids()).toEqual([9]);
    } finally {
      elsewhere.close();
    }
  });
});
