import { Global, Module } from '@nestjs/common';
import { Database } from './database.js';

/** Provides the `Database` to every module, migrated before anything else is created with it. */
@Global()
@Module({
  providers: [
    {
      // Ready only once migrated: whoever injects the database may query it at once.
      provide: 'migrated database',
      inject: [Database],
      useFactory: (database: Database) => database.migrate(),
    },
    Database,
  ],
  exports: [Database],
})
export class DatabaseModule {}
