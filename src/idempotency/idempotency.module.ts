import { Global, Module } from '@nestjs/common';
import { IdempotencyStore } from './idempotency-store.js';
import { IdempotencyService } from './idempotency.service.js';

/** Makes the answers of commands repeatable, in every module. */
@Global()
@Module({ providers: [IdempotencyService, IdempotencyStore], exports: [IdempotencyService] })
export class IdempotencyModule {}
