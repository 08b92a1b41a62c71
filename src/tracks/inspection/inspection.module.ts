import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AudioInspector, INSPECTION_WORKER } from './audio-inspector.js';

/**
 * Provides the `AudioInspector`. Global, because the composition root passes the path of the worker and the modules
 * that import `TracksModule` do not know it.
 */
@Global()
@Module({})
export class InspectionModule {
  /** @param worker URL of the compiled worker.ts */
  static with(worker: URL): DynamicModule {
    return {
      module: InspectionModule,
      providers: [AudioInspector, { provide: INSPECTION_WORKER, useValue: worker }],
      exports: [AudioInspector],
    };
  }
}
