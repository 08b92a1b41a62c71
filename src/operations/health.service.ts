import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Database } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { storageFailureOf, storageFailureTexts } from '../errors/storage-failure.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { StorageHealth } from '../tracks/storage/storage-health.js';

/** Per check. */
const timeoutMs = 2000;
/** How long a result is reused: anyone may call the route, and each check writes to the disk. */
const cacheMs = 500;

/** By name of the check: `ok`, or what is wrong. */
type Checks = Record<string, string>;

interface Health {
  /** `degraded`: the server works, but refuses some operations. `failed`: it cannot write. */
  status: 'ok' | 'degraded' | 'failed';
  checks: Checks;
}

/** Checks whether the server can work, by writing to the database and the data folder. Logs changes of the result. */
@Injectable()
export class HealthService {
  #health: Promise<Health> | undefined;
  /** Monotonic clock, in milliseconds. */
  #cachedUntilMs = 0;
  /** What was logged last, to log changes only. */
  #logged = '';
  /** Checks that are still running after their timeout; they are not started a second time. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(
    private readonly database: Database,
    private readonly storage: StorageHealth,
    private readonly lifecycle: Lifecycle,
    @InjectPinoLogger(HealthService.name) private readonly log: PinoLogger,
  ) {}

  /** @throws {Problem} unavailable if nothing can be written; draining */
  async ready(): Promise<Health> {
    if (this.lifecycle.isDraining) throw new Problem('draining', 'The server is shutting down.');
    const { status, checks } = await this.#recent();
    if (status === 'failed') {
      const failed = Object.entries(checks).filter(([, result]) => result !== 'ok');
      throw new Problem('unavailable', failed.map(([name, result]) => `${name}: ${result}`).join('; '), {
        checks,
      });
    }
    return { status, checks };
  }

  #recent(): Promise<Health> {
    if (!this.#health || performance.now() > this.#cachedUntilMs) {
      this.#cachedUntilMs = Infinity;
      this.#health = this.#runChecks().finally(() => (this.#cachedUntilMs = performance.now() + cacheMs));
    }
    return this.#health;
  }

  async #runChecks(): Promise<Health> {
    const [database, data_dir, uploads] = await Promise.all([
      this.#check('database', () => this.database.probe()),
      this.#check('data_dir', () => this.storage.probe()),
      this.#check('uploads', () => this.storage.uploadsRefused()),
    ]);
    const checks: Checks = {
      database: this.database.damage ?? database ?? 'ok',
      data_dir: data_dir ?? 'ok',
      uploads: uploads === undefined ? 'ok' : `refused: ${uploads}`,
      audio_files: this.storage.unrecognised ?? 'ok',
    };
    const status =
      checks['database'] !== 'ok' || checks['data_dir'] !== 'ok'
        ? 'failed'
        : Object.values(checks).some((result) => result !== 'ok')
          ? 'degraded'
          : 'ok';
    this.#logIfChanged({ status, checks });
    return { status, checks };
  }

  /** Runs a check with a timeout. @returns undefined if it succeeded, else what is wrong */
  async #check(name: string, work: () => Promise<string | void>): Promise<string | undefined> {
    let running = this.#running.get(name) as Promise<string | void> | undefined;
    if (!running) {
      running = work().finally(() => this.#running.delete(name));
      // It may fail after the timeout, when nothing awaits it any more.
      running.catch(() => undefined);
      this.#running.set(name, running);
    }
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    });
    try {
      return (await Promise.race([running, timeout])) ?? undefined;
    } catch (err) {
      const failure = storageFailureOf(err);
      if (failure !== undefined) return storageFailureTexts[failure];
      this.log.error({ err }, `the check of ${name} failed`);
      return 'failed; see the log';
    } finally {
      clearTimeout(timer);
    }
  }

  #logIfChanged({ status, checks }: Health): void {
    // Numbers are ignored: the free disk space in the text changes all the time.
    const current = JSON.stringify([
      status,
      ...Object.values(checks).map((result) => result.replace(/\d+/g, '#')),
    ]);
    if (current === this.#logged) return;
    if (status === 'failed') this.log.error({ checks }, 'not ready: the server cannot write');
    else if (status === 'degraded') this.log.warn({ checks }, 'degraded');
    else if (this.#logged !== '') this.log.info({ checks }, 'ready again');
    this.#logged = current;
  }
}
