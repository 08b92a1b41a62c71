import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Settings } from './settings.js';
import { Clock } from './clock.js';
import { NodeId } from './node-id.js';
import { SystemClockMonitor } from './system-clock-monitor.js';

export const SETTINGS = Symbol('settings');

/** Makes the settings, the clock and the server's id injectable everywhere. */
@Global()
@Module({})
export class ConfigModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: ConfigModule,
      providers: [{ provide: SETTINGS, useValue: settings }, Clock, SystemClockMonitor, NodeId],
      exports: [SETTINGS, Clock, NodeId],
    };
  }
}
