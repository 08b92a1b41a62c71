import { availableParallelism } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { FairQueue, QueueRefusal } from '../../limits/fair-queue.js';
import { ProcessFailure, ProcessPool } from '../../processes/process-pool.js';
import { PROGRAMS, type Programs } from '../../processes/programs.js';
import type { InspectedAudio } from '../inspection/inspection.js';
import type { ReceivedFile } from '../storage/upload-folder.js';
import type { AnalysisAnswer, AnalysisRequest, AudioAnalysis } from './analysis.js';

/** One processor stays free for the main thread. */
const maxRunning = Math.max(1, Math.min(2, availableParallelism() - 1));
/** Per file, from the start of its decoding: the upload is answered afterwards. */
const timeoutMs = 6000;
/** An upload waits no longer than this for its turn. */
const maxWaitMs = 3000;
/** The process stops by itself at the timeout; a decoder that does not return is ended after 1 s more. */
const processLimits = { timeoutMs: timeoutMs + 1000, maxHeapMegabytes: 48 };
const queueLimits = { maxRunning, maxRunningPerKey: 1, maxWaiting: 64, maxWaitingPerKey: 8 };

/**
 * Decodes uploaded files to find their waveform and loudness, in processes of their own. One instance, owned by the
 * analysis module. It never refuses a file: what cannot be decoded within time and memory has no analysis. Of each user
 * one file is analysed at a time.
 */
@Injectable()
export class AudioAnalyzer {
  readonly #queue = new FairQueue(queueLimits);
  readonly #processes: ProcessPool<AnalysisRequest, AnalysisAnswer>;

  constructor(
    @Inject(PROGRAMS) programs: Programs,
    @InjectPinoLogger(AudioAnalyzer.name) private readonly log: PinoLogger,
  ) {
    this.#processes = new ProcessPool(programs.audio, processLimits);
  }

  /** Waits in the queue and analyses a file. */
  async analyse(userId: string, file: ReceivedFile, audio: InspectedAudio): Promise<AudioAnalysis | null> {
    const about = { user_id: userId, sha256: file.sha256, size_bytes: file.sizeBytes };
    try {
      const waiting = AbortSignal.timeout(maxWaitMs);
      const answer = await this.#queue.run(userId, () => this.#run(file, audio), waiting);
      if (answer.is === 'analysed') return answer.analysis;
      if (answer.is !== 'unsupported') {
        this.log.info({ ...about, reason: answer.is }, 'a track has no waveform');
      }
    } catch (err) {
      if (err instanceof QueueRefusal) return null;
      if (err instanceof ProcessFailure) {
        if (err.reason === 'aborted') return null;
        this.log.warn({ ...about, ...err.fields }, 'an analysis failed; the track has no waveform');
      } else this.log.error({ ...about, err }, 'an analysis failed; the track has no waveform');
    }
    return null;
  }

  /** Refuses waiting files and ends the processes. */
  close(): void {
    this.#queue.close();
    this.#processes.close();
  }

  #run({ path }: ReceivedFile, { mimeType, duration }: InspectedAudio): Promise<AnalysisAnswer> {
    return this.#processes.run({ path, mimeType, duration, timeoutMs });
  }
}
