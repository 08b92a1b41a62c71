import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Lifecycle } from '../../lifecycle/lifecycle.js';
import { ANALYSIS_WORKERS, type AnalysisWorkers } from './analysis-workers.js';
import { AudioAnalyzer } from './audio-analyzer.js';
import { CoverRenderer } from './cover-renderer.js';
import { UploadMedia } from './upload-media.js';

/** Provides what is computed about an upload beyond its inspection. Global for the reason of `InspectionModule`. */
@Global()
@Module({})
export class AnalysisModule {
  constructor(audio: AudioAnalyzer, covers: CoverRenderer, lifecycle: Lifecycle) {
    lifecycle.onStop('resources', 'the analysis threads and the cover process', async () => {
      covers.close();
      await audio.close();
    });
  }

  static with(workers: AnalysisWorkers): DynamicModule {
    return {
      module: AnalysisModule,
      providers: [
        AudioAnalyzer,
        CoverRenderer,
        UploadMedia,
        { provide: ANALYSIS_WORKERS, useValue: workers },
      ],
      exports: [UploadMedia],
    };
  }
}
