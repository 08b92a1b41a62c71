import type { CompiledQuery, Kysely, QueryResult } from 'kysely';
import type { Schema } from './schema.js';

type Reads = Kysely<Schema>;

/** Placeholder in a prepared query for a value that each execution supplies. */
class Parameter {
  constructor(readonly name: PropertyKey) {}
}

/** Returns a `Parameter` for any property name. Enumerating its properties throws, since the names are not known. */
const parameters = new Proxy(
  {},
  {
    get: (_, name) => new Parameter(name),
    ownKeys: () => {
      throw new TypeError('name each column of a prepared query');
    },
  },
);

/** A query that was compiled once and runs with different values. */
export interface PreparedQuery<Given, Row> {
  all(db: Reads, given: Given): Promise<Row[]>;
  /** The first row, or undefined. */
  first(db: Reads, given: Given): Promise<Row | undefined>;
  /** The first row. @throws if there is none */
  one(db: Reads, given: Given): Promise<Row>;
}

/**
 * Creates a query that is built and compiled once per database. Building and compiling takes Kysely several times as
 * long as SQLite takes to execute it, so queries that run for every change or connection are prepared.
 * @param build builds the query. `given` contains placeholders, so the shape of the query must not depend on their
 *   values, and each must be named (`values(given)` does not work)
 */
export function prepare<Given extends object, Row>(
  build: (db: Reads, given: Given) => { compile(): CompiledQuery<Row> },
): PreparedQuery<Given, Row> {
  // Keyed by adapter, because a transaction has its own executor but shares the adapter of its database.
  const compiled = new WeakMap<object, CompiledQuery<Row>>();
  const run = (db: Reads, given: Given): Promise<QueryResult<Row>> => {
    const executor = db.getExecutor();
    let query = compiled.get(executor.adapter);
    if (!query) compiled.set(executor.adapter, (query = build(db, parameters as Given).compile()));
    const { sql, query: node, queryId } = query;
    const values = query.parameters.map((value) =>
      value instanceof Parameter ? given[value.name as keyof Given] : value,
    );
    // Bypasses Kysely's executor, which would only apply plugins; there are none.
    return executor.provideConnection((connection) =>
      connection.executeQuery<Row>({ sql, parameters: values, query: node, queryId }),
    );
  };
  return {
    all: async (db, given) => (await run(db, given)).rows,
    first: async (db, given) => (await run(db, given)).rows[0],
    one: async (db, given) => {
      const [row] = (await run(db, given)).rows;
      if (row === undefined) throw new Error(`no row: ${JSON.stringify(given)}`);
      return row;
    },
  };
}
