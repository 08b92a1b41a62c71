import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Piscina } from 'piscina';
import { Problem } from '../../errors/problem.js';
import { FairQueue, QueueRefusal } from '../../limits/fair-queue.js';
import { PROGRAMS, type Programs } from '../../processes/programs.js';
import type { ReceivedFile } from '../storage/upload-folder.js';
import type { InspectedAudio, InspectionAnswer, InspectionRequest } from './inspection.js';

/** One processor stays free for the main thread. */
const maxThreads = Math.max(1, Math.min(2, availableParallelism() - 1));
/** Per file, from the start of its inspection. Files above the default upload limit of 50 MB get more time. */
const timeoutMs = 10_000;
const timeoutMsPerMegabyteOver50 = 100;
const idleThreadMs = 30_000;
/** Limits of the JavaScript heap. Buffers are outside of it; `limits.ts` bounds them. */
const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 2 };
const queueLimits = { maxRunning: maxThreads, maxRunningPerKey: 1, maxWaiting: 128, maxWaitingPerKey: 16 };

/**
 * Inspects uploaded files in worker threads, so that no file can block or crash the process. One instance, owned by
 * the inspection module. A thread that runs out of memory or time is terminated and replaced, and its file refused.
 * Of each user one file is inspected at a time. Threads start with the first upload and end after 30 s without one.
 */
@Injectable()
export class AudioInspector {
  readonly #queue = new FairQueue(queueLimits);
  #closed = false;
  #pool: Promise<Piscina<InspectionRequest, InspectionAnswer>> | undefined;

  constructor(
    @Inject(PROGRAMS) private readonly programs: Pick<Programs, 'inspection'>,
    @InjectPinoLogger(AudioInspector.name) private readonly log: PinoLogger,
  ) {}

  /**
   * Waits in the queue and inspects a file.
   * @throws {Problem} unsupported_media_type, unreadable_audio, audio_too_complex, unavailable, draining
   */
  async inspect(userId: string, file: ReceivedFile): Promise<InspectedAudio> {
    let answer: InspectionAnswer;
    try {
      answer = await this.#queue.run(userId, () => this.#runInThread(file));
    } catch (error) {
      throw this.#problemOf(error, userId, file);
    }
    if (!answer.accepted) throw new Problem(answer.code, answer.message);
    return answer.audio;
  }

  /** Refuses waiting files and ends the threads. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.close();
    await (await this.#pool)?.destroy();
  }

  async #runInThread({ path, sizeBytes }: ReceivedFile): Promise<InspectionAnswer> {
    const pool = await (this.#pool ??= this.#open());
    const overMegabytes = Math.max(0, sizeBytes / 2 ** 20 - 50);
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs + overMegabytes * timeoutMsPerMegabyteOver50);
    try {
      return await pool.run({ path }, { signal: timeout.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Piscina is loaded with the first upload, so that the server starts faster. */
  async #open(): Promise<Piscina<InspectionRequest, InspectionAnswer>> {
    const { Piscina } = await import('piscina');
    const pool = new Piscina<InspectionRequest, InspectionAnswer>({
      filename: fileURLToPath(this.programs.inspection),
      minThreads: 0,
      maxThreads,
      idleTimeout: idleThreadMs,
      resourceLimits,
      env: {},
    });
    // Errors of threads that are not inspecting a file.
    pool.on('error', (err: unknown) => this.log.error({ err }, 'an inspection thread failed'));
    return pool;
  }

  #problemOf(error: unknown, userId: string, { sha256, sizeBytes }: ReceivedFile): Error {
    if (this.#closed) return new Problem('draining', 'The server is shutting down; try again.');
    if (error instanceof QueueRefusal) {
      return new Problem(
        'unavailable',
        'Too many uploads are waiting to be inspected; try again in a moment.',
      );
    }
    const { name, code, syscall } = error as NodeJS.ErrnoException;
    // An error of the file system or a broken installation: not the fault of the file.
    if (syscall !== undefined || code === 'ERR_MODULE_NOT_FOUND') return error as Error;
    const file = { user_id: userId, sha256, size_bytes: sizeBytes };
    if (name === 'AbortError' || code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const reason = name === 'AbortError' ? 'time' : 'memory';
      this.log.warn({ ...file, reason }, 'an inspection exceeded its time or memory; the file was refused');
      return new Problem('audio_too_complex', `Inspecting the file takes too much ${reason}.`);
    }
    this.log.error({ ...file, err: error }, 'an inspection failed; the file was refused');
    return new Problem('unreadable_audio', 'The file is corrupt: its audio could not be read.');
  }
}
