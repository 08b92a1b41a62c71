import { Global, Module } from '@nestjs/common';
import { Lifecycle } from '../../lifecycle/lifecycle.js';
import { AudioInspector } from './audio-inspector.js';

/** Provides the `AudioInspector`. Global: it has one instance, which owns the threads. */
@Global()
@Module({ providers: [AudioInspector], exports: [AudioInspector] })
export class InspectionModule {
  constructor(inspector: AudioInspector, lifecycle: Lifecycle) {
    lifecycle.onStop('resources', 'the inspection threads', () => inspector.close());
  }
}
