import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { FairQueue, QueueRefusal } from '../../limits/fair-queue.js';
import { ProcessFailure, ProcessPool } from '../../processes/process-pool.js';
import { PROGRAMS, type Programs } from '../../processes/programs.js';
import type { Cover } from './cover-sizes.js';

const processLimits = { timeoutMs: 10_000, maxHeapMegabytes: 64 };
/** An upload waits no longer than this for its turn. */
const maxWaitMs = 10_000;
const queueLimits = { maxRunning: 1, maxRunningPerKey: 1, maxWaiting: 64, maxWaitingPerKey: 8 };

/**
 * Re-encodes the covers of uploads, one at a time, in a process of its own. One instance, owned by the analysis
 * module. No byte of the uploaded picture is ever served.
 */
@Injectable()
export class CoverRenderer {
  readonly #queue = new FairQueue(queueLimits);
  readonly #processes: ProcessPool<Uint8Array, Cover | null>;

  constructor(
    @Inject(PROGRAMS) programs: Programs,
    @InjectPinoLogger(CoverRenderer.name) private readonly log: PinoLogger,
  ) {
    this.#processes = new ProcessPool(programs.cover, processLimits);
  }

  /** Null if the picture cannot be decoded, takes too much time, or too many others are waiting. */
  async render(userId: string, picture: Uint8Array): Promise<Cover | null> {
    try {
      return await this.#queue.run(
        userId,
        () => this.#render(userId, picture),
        AbortSignal.timeout(maxWaitMs),
      );
    } catch (err) {
      if (!(err instanceof QueueRefusal)) {
        this.log.error({ err, user_id: userId }, 'rendering a cover failed');
      }
      return null;
    }
  }

  /** Refuses waiting covers and ends the process. */
  close(): void {
    this.#queue.close();
    this.#processes.close();
  }

  async #render(userId: string, picture: Uint8Array): Promise<Cover | null> {
    const about = { user_id: userId, size_bytes: picture.length };
    const message = 'a cover could not be rendered; the track has none';
    try {
      const cover = await this.#processes.run(picture);
      if (cover === null) this.log.info({ ...about, reason: 'undecodable' }, message);
      return cover;
    } catch (error) {
      if (!(error instanceof ProcessFailure)) throw error;
      if (error.reason !== 'aborted') this.log.warn({ ...about, ...error.fields }, message);
      return null;
    }
  }
}
