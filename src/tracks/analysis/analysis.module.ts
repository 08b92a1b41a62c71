import { Global, Module } from '@nestjs/common';
import { Lifecycle } from '../../lifecycle/lifecycle.js';
import { AudioAnalyzer } from './audio-analyzer.js';
import { CoverRenderer } from './cover-renderer.js';
import { UploadMedia } from './upload-media.js';

/** Provides what is computed about an upload beyond its inspection. Global for the reason of `InspectionModule`. */
@Global()
@Module({ providers: [AudioAnalyzer, CoverRenderer, UploadMedia], exports: [UploadMedia] })
export class AnalysisModule {
  constructor(audio: AudioAnalyzer, covers: CoverRenderer, lifecycle: Lifecycle) {
    lifecycle.onStop('resources', 'the processes that analyse uploads', () => {
      covers.close();
      audio.close();
    });
  }
}
