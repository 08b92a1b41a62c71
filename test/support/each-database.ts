import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Postgres, startPostgres } from './postgres.js';
import { type Environment, startServer, type TestServer } from './server.js';

/** The server of a suite that runs on several databases. */
export interface OnDatabase {
  /** Started before the first test. */
  server(): TestServer;
  /** The settings of a second server on the same database; undefined for a database that allows only one server. */
  second: (() => Environment) | undefined;
}

/** Runs the same tests on a server with SQLite and on one with PostgreSQL. */
export function describeOnEachDatabase(tests: (on: OnDatabase) => void): void {
  describe('on SQLite', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startServer();
    });
    afterAll(() => server.close());
    tests({ server: () => server, second: undefined });
  });

  describe('on PostgreSQL', () => {
    let postgres: Postgres;
    let server: TestServer;
    let settings: Environment;
    beforeAll(async () => {
      postgres = await startPostgres();
      settings = {
        DATABASE_URL: await postgres.database(),
        JWT_SECRET: 'a secret that is long enough for anyone',
      };
      server = await startServer(settings);
    }, 300_000);
    afterAll(async () => {
      await server?.close();
      await postgres?.close();
    });
    tests({ server: () => server, second: () => settings });
  });
}
