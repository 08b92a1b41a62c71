import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AudioInspector, INSPECTION_WORKER } from './audio-inspector.js';

/** Global, because the modules that import `TracksModule` do not know what it needs. */
@Global()
@Module({})
export class InspectionModule {
  /** @param worker the compiled worker.ts */
  static with(worker: URL): DynamicModule {
    return {
      module: InspectionModule,
      providers: [AudioInspector, { provide: INSPECTION_WORKER, useValue: worker }],
      exports: [AudioInspector],
    };
  }
}
