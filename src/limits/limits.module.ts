import { Global, Module } from '@nestjs/common';
import { ExpensiveReads } from './expensive-reads.js';
import { Refusals } from './refusals.js';

/** Limits that REST and sockets share, available to every module. */
@Global()
@Module({ providers: [ExpensiveReads, Refusals], exports: [ExpensiveReads, Refusals] })
export class LimitsModule {}
