import { type Dialect, type Kysely, PostgresAdapter, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema.js';

/**
 * Locks the rows that a query reads until its transaction ends, so that they cannot change between read and write. In
 * SQLite the query is returned unchanged: a writing transaction locks the whole database from its beginning.
 */
export function forUpdate<Query extends { forNoKeyUpdate(): Query }>(
  db: Kysely<Schema>,
  query: Query,
): Query {
  return db.getExecutor().adapter instanceof PostgresAdapter ? query.forNoKeyUpdate() : query;
}

/** Kysely's dialect for PostgreSQL with a pool of 10 connections. `onPoolError`: an idle connection was lost. */
export function postgresDialect(url: string, onPoolError: (error: Error) => void): Dialect {
  const asNumber = (text: string) => Number(text);
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5000,
    statement_timeout: 15_000,
    types: {
      // PostgreSQL returns counts and sizes as int8, which pg parses as strings; ours are far below 2^53.
      getTypeParser: (oid, format) =>
        oid === pg.types.builtins.INT8 ? asNumber : (pg.types.getTypeParser(oid, format) as typeof asNumber),
    },
  });
  // Without a listener, the error of an idle connection would end the process.
  pool.on('error', onPoolError);
  return new PostgresDialect({ pool });
}
