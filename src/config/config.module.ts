import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Settings } from './settings.js';
import { Clock } from './clock.js';

export const SETTINGS = Symbol('settings');

/** Makes the settings and the clock injectable everywhere. */
@Global()
@Module({})
export class ConfigModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: ConfigModule,
      providers: [{ provide: SETTINGS, useValue: settings }, Clock],
      exports: [SETTINGS, Clock],
    };
  }
}
