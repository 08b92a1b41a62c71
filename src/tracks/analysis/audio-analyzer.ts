import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Piscina } from 'piscina';
import { FairQueue, QueueRefusal } from '../../limits/fair-queue.js';
import type { InspectedAudio } from '../inspection/inspection.js';
import type { ReceivedFile } from '../storage/upload-folder.js';
import { ANALYSIS_WORKERS, type AnalysisWorkers } from './analysis-workers.js';
import type { AnalysisAnswer, AnalysisRequest, AudioAnalysis } from './analysis.js';

/** One processor stays free for the main thread. */
const maxThreads = Math.max(1, Math.min(2, availableParallelism() - 1));
/** Per file, from the start of its analysis: the upload is answered afterwards. */
const timeoutMs = 6000;
/** A thread that has not stopped so long after that is terminated. */
const terminateAfterMs = 1000;
/** An upload waits no longer than this for its turn. */
const maxWaitMs = 3000;
const idleThreadMs = 5000;
/** Of the JavaScript heap. The decoders' memory is outside of it, and of fixed size. */
const resourceLimits = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8, stackSizeMb: 2 };
const queueLimits = { maxRunning: maxThreads, maxRunningPerKey: 1, maxWaiting: 64, maxWaitingPerKey: 8 };

/**
 * Decodes uploaded files in worker threads to find their waveform and loudness. One instance, owned by the analysis
 * module. It never refuses a file: what cannot be decoded within time and memory has no analysis. A thread that exceeds
 * its limits is terminated and replaced. Of each user one file is analysed at a time.
 */
@Injectable()
export class AudioAnalyzer {
  readonly #queue = new FairQueue(queueLimits);
  #pool: Promise<Piscina<AnalysisRequest, AnalysisAnswer>> | undefined;

  constructor(
    @Inject(ANALYSIS_WORKERS) private readonly workers: AnalysisWorkers,
    @InjectPinoLogger(AudioAnalyzer.name) private readonly log: PinoLogger,
  ) {}

  /** Waits in the queue and analyses a file. */
  async analyse(userId: string, file: ReceivedFile, audio: InspectedAudio): Promise<AudioAnalysis | null> {
    const about = { user_id: userId, sha256: file.sha256, size_bytes: file.sizeBytes };
    try {
      const waiting = AbortSignal.timeout(maxWaitMs);
      const answer = await this.#queue.run(userId, () => this.#runInThread(file, audio), waiting);
      if (answer.is === 'analysed') return answer.analysis;
      if (answer.is !== 'unsupported') {
        this.log.info({ ...about, reason: answer.is }, 'a track has no waveform');
      }
    } catch (err) {
      const { name, code } = err as NodeJS.ErrnoException;
      if (err instanceof QueueRefusal) return null;
      if (name === 'AbortError' || code === 'ERR_WORKER_OUT_OF_MEMORY') {
        const reason = name === 'AbortError' ? 'time' : 'memory';
        this.log.warn(
          { ...about, reason },
          'an analysis exceeded its time or memory; the track has no waveform',
        );
      } else this.log.error({ ...about, err }, 'an analysis failed; the track has no waveform');
    }
    return null;
  }

  /** Refuses waiting files and ends the threads. */
  async close(): Promise<void> {
    this.#queue.close();
    await (await this.#pool)?.destroy();
  }

  async #runInThread(
    { path }: ReceivedFile,
    { mimeType, duration }: InspectedAudio,
  ): Promise<AnalysisAnswer> {
    const pool = await (this.#pool ??= this.#open());
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs + terminateAfterMs);
    try {
      return await pool.run({ path, mimeType, duration, timeoutMs }, { signal: timeout.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  async #open(): Promise<Piscina<AnalysisRequest, AnalysisAnswer>> {
    const { Piscina } = await import('piscina');
    const pool = new Piscina<AnalysisRequest, AnalysisAnswer>({
      filename: fileURLToPath(this.workers.audio),
      minThreads: 0,
      maxThreads,
      idleTimeout: idleThreadMs,
      resourceLimits,
      env: {},
    });
    // Errors of threads that are not analysing a file.
    pool.on('error', (err: unknown) => this.log.error({ err }, 'an analysis thread failed'));
    return pool;
  }
}
