import { type DynamicModule, Global, Module } from '@nestjs/common';
import { PROGRAMS, type Programs } from './programs.js';

/** Provides the files that run outside of the server's main thread. */
@Global()
@Module({})
export class ProcessesModule {
  static with(programs: Programs): DynamicModule {
    return {
      module: ProcessesModule,
      providers: [{ provide: PROGRAMS, useValue: programs }],
      exports: [PROGRAMS],
    };
  }
}
