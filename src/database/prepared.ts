import type { CompiledQuery, Kysely, QueryResult } from 'kysely';
import type { Schema } from './schema.js';

type Reads = Kysely<Schema>;

/** Stands in a query for a value that comes with each execution. */
class Parameter {
  constructor(readonly name: PropertyKey) {}
}

/** Gives a `Parameter` under every name; which names there are it cannot know. */
const parameters = new Proxy(
  {},
  {
    get: (_, name) => new Parameter(name),
    ownKeys: () => {
      throw new TypeError('name each column of a prepared query');
    },
  },
);

export interface PreparedQuery<Given, Row> {
  all(db: Reads, given: Given): Promise<Row[]>;
  /** The first row, if there is one. */
  first(db: Reads, given: Given): Promise<Row | undefined>;
  /** The one row that has to be there. @throws where it is not */
  one(db: Reads, given: Given): Promise<Row>;
}

/**
 * A query that is built and compiled once for each database, which costs Kysely several times what executing it
 * costs SQLite: for those that run with every change or every connection.
 * @param build makes the query; `given` has only placeholders then, so that its shape must not depend on them, and
 *   each is to be named (`values(given)` is not possible)
 */
export function prepare<Given extends object, Row>(
  build: (db: Reads, given: Given) => { compile(): CompiledQuery<Row> },
): PreparedQuery<Given, Row> {
  // A transaction shares the adapter of the database that it was begun on.
  const compiled = new WeakMap<object, CompiledQuery<Row>>();
  const run = (db: Reads, given: Given): Promise<QueryResult<Row>> => {
    const executor = db.getExecutor();
    let query = compiled.get(executor.adapter);
    if (!query) compiled.set(executor.adapter, (query = build(db, parameters as Given).compile()));
    const { sql, query: node, queryId } = query;
    const values = query.parameters.map((value) =>
      value instanceof Parameter ? given[value.name as keyof Given] : value,
    );
    // Straight to the connection: there are no plugins that Kysely would have to ask on the way.
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
