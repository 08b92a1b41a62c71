import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { FairQueue, QueueRefusal } from '../../limits/fair-queue.js';
import { ANALYSIS_PROCESSES, type AnalysisProcesses } from './analysis-processes.js';
import { ProcessFailure, runInProcess } from './child-process.js';
import { type Cover, type CoverHeader, coverMimeType, undecodableExitCode } from './cover-sizes.js';

/** Three images of at most 1024 x 1024 pixels are far smaller than 8 MB. */
const processLimits = { timeoutMs: 10_000, maxOutputBytes: 8 * 1024 * 1024, maxHeapMegabytes: 64 };
const queueLimits = { maxRunning: 1, maxRunningPerKey: 1, maxWaiting: 64, maxWaitingPerKey: 8 };

/**
 * Re-encodes the covers of uploads, each in a process of its own, one at a time. One instance, owned by the analysis
 * module. No byte of the uploaded picture is ever served.
 */
@Injectable()
export class CoverRenderer {
  readonly #queue = new FairQueue(queueLimits);
  readonly #stop = new AbortController();

  constructor(
    @Inject(ANALYSIS_PROCESSES) private readonly processes: AnalysisProcesses,
    @InjectPinoLogger(CoverRenderer.name) private readonly log: PinoLogger,
  ) {}

  /** Null if the picture cannot be decoded, takes too much time, or too many others are waiting. */
  async render(userId: string, picture: Uint8Array): Promise<Cover | null> {
    try {
      return await this.#queue.run(userId, () => this.#renderInProcess(userId, picture));
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
    this.#stop.abort();
  }

  async #renderInProcess(userId: string, picture: Uint8Array): Promise<Cover | null> {
    try {
      return coverOf(await runInProcess(this.processes.cover, picture, processLimits, this.#stop.signal));
    } catch (error) {
      if (!(error instanceof ProcessFailure)) throw error;
      const { exitCode: exit_code, signal } = error;
      if (error.reason === 'aborted') return null;
      const reason = exit_code === undecodableExitCode ? 'undecodable' : error.reason;
      this.log.warn(
        { user_id: userId, size_bytes: picture.length, reason, exit_code, signal },
        'a cover could not be rendered; the track has none',
      );
      return null;
    }
  }
}

/** Reads what the process has written. */
function coverOf(output: Buffer): Cover {
  const headEnd = 4 + output.readUInt32BE(0);
  const { color, lengths } = JSON.parse(output.toString('utf8', 4, headEnd)) as CoverHeader;
  let at = headEnd;
  const [large, medium, small] = lengths.map((length) => output.subarray(at, (at += length)));
  if (!large || !medium || !small || at !== output.length) throw new Error('a cover is incomplete');
  return { mimeType: coverMimeType, color, images: { 1024: large, 320: medium, 96: small } };
}
