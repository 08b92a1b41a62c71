import { Global, Module } from '@nestjs/common';
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
export class DatabaseModule {}
