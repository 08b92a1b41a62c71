import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { FairQueue, QueueRefusal } from '../../limits/fair-queue.js';
import { ANALYSIS_WORKERS, type AnalysisWorkers } from './analysis-workers.js';
import { type Cover, type CoverHeader, coverMimeType, undecodableExitCode } from './cover-sizes.js';

/** Per picture, from the start of its process. */
const timeoutMs = 10_000;
/** Three images of at most 1024 x 1024 pixels are far smaller. */
const maxOutputBytes = 8 * 1024 * 1024;
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
    @Inject(ANALYSIS_WORKERS) private readonly workers: AnalysisWorkers,
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
    const child = spawn(process.execPath, ['--max-old-space-size=64', fileURLToPath(this.workers.cover)], {
      // One arena: with several, the allocator keeps more memory than a picture needs.
      env: { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' },
      stdio: ['pipe', 'pipe', 'ignore'],
      signal: this.#stop.signal,
      killSignal: 'SIGKILL',
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const output: Buffer[] = [];
    let outputBytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > maxOutputBytes) child.kill('SIGKILL');
      else output.push(chunk);
    });
    // The process may end before it has read everything.
    child.stdin.on('error', () => undefined);
    child.stdin.end(picture);
    try {
      const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.once('close', (...ended) => resolve(ended));
        child.once('error', reject);
      });
      if (code === 0) return coverOf(Buffer.concat(output));
      const reason = timedOut ? 'timeout' : code === undecodableExitCode ? 'undecodable' : 'crash';
      this.log.warn(
        { user_id: userId, size_bytes: picture.length, reason, exit_code: code, signal },
        'a cover could not be rendered; the track has none',
      );
      return null;
    } catch (error) {
      if (this.#stop.signal.aborted) return null;
      throw error;
    } finally {
      clearTimeout(timer);
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
