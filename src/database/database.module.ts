import { Global, Module } from '@nestjs/common';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { Database } from './database.js';

/** Provides the `Database`, with all migrations applied, to every module. */
@Global()
@Module({
  providers: [
    {
      // Nest waits for this provider while it creates the module, so no other module sees a database before its migrations.
      provide: 'migrated database',
      inject: [Database],
      useFactory: (database: Database) => database.migrate(),
    },
    Database,
  ],
  exports: [Database],
})
export class DatabaseModule {
  constructor(database: Database, lifecycle: Lifecycle) {
    lifecycle.onStop('resources', 'the database', () => database.close());
  }
}
