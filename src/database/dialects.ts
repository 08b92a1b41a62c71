import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { type Dialect, PostgresDialect, SqliteDialect } from 'kysely';
import pg from 'pg';
import type { Settings } from '../config/settings.js';

export function makeDialect(database: Settings['database'], onPoolError: (error: Error) => void): Dialect {
  return database.kind === 'sqlite'
    ? new SqliteDialect({ database: openSqlite(database) })
    : new PostgresDialect({ pool: openPostgres(database.url, onPoolError) });
}

function openSqlite({ file, sync }: { file: string; sync: 'normal' | 'full' }) {
  mkdirSync(dirname(file), { recursive: true });
  const sqlite = new BetterSqlite3(file, { timeout: 5000 });
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma(`synchronous = ${sync}`);
  sqlite.pragma('foreign_keys = ON');
  // Kysely prepares every query anew; its texts are few, so the prepared ones are kept.
  const statements = new Map<string, BetterSqlite3.Statement>();
  const limit = 500;
  return {
    prepare(text: string): BetterSqlite3.Statement {
      const known = statements.get(text);
      if (known) return known;
      if (statements.size >= limit) statements.clear();
      const statement = sqlite.prepare(text);
      statements.set(text, statement);
      return statement;
    },
    close: () => void sqlite.close(),
  };
}

function openPostgres(url: string, onPoolError: (error: Error) => void): pg.Pool {
  const asNumber = (text: string) => Number(text);
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5000,
    statement_timeout: 15_000,
    types: {
      // Counts and sizes come as int8; all of ours are far below 2^53.
      getTypeParser: (oid, format) =>
        oid === pg.types.builtins.INT8 ? asNumber : (pg.types.getTypeParser(oid, format) as typeof asNumber),
    },
  });
  // Without a listener an idle connection's end would be the process's.
  pool.on('error', onPoolError);
  return pool;
}
