import { Global, Module } from '@nestjs/common';
import { Lifecycle } from './lifecycle.js';

/** Makes the lifecycle injectable everywhere. */
@Global()
@Module({ providers: [Lifecycle], exports: [Lifecycle] })
export class LifecycleModule {}
