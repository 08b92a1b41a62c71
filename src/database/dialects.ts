import { type Dialect, type Kysely, PostgresAdapter, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema.js';

/**
 * Has a query hold the rows that it reads until its transaction ends; what is read is then what is changed. In SQLite
 * a transaction that is to write holds the whole database from its beginning.
 */
export function held<Query extends { forNoKeyUpdate(): Query }>(db: Kysely<Schema>, query: Query): Query {
  return db.getExecutor().adapter instanceof PostgresAdapter ? query.forNoKeyUpdate() : query;
}

export function postgresDialect(url: string, onPoolError: (error: Error) => void): Dialect {
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
  return new PostgresDialect({ pool });
}
