import { Global, Module } from '@nestjs/common';
import { EarlyChecks } from './early-checks.js';
import { ExpensiveReads } from './expensive-reads.js';
import { Refusals } from './refusals.js';

/** Limits that REST and sockets share, available to every module. */
@Global()
@Module({
  providers: [EarlyChecks, ExpensiveReads, Refusals],
  exports: [EarlyChecks, ExpensiveReads, Refusals],
})
export class LimitsModule {}
