import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Settings } from './settings.js';
import { ClientAddresses } from './client-addresses.js';
import { Clock } from './clock.js';
import { SystemClockMonitor } from './system-clock-monitor.js';

/** Injection token of the `Settings`. */
export const SETTINGS = Symbol('settings');

/** Provides the settings, client addresses and the clock to every module. */
@Global()
@Module({})
export class ConfigModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: ClientAddresses, useValue: new ClientAddresses(settings.trustProxy) },
        Clock,
        SystemClockMonitor,
      ],
      exports: [SETTINGS, ClientAddresses, Clock],
    };
  }
}
