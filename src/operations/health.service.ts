import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Database } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { storageFailureOf, storageFailureTexts } from '../errors/storage-failure.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { StorageHealth } from '../tracks/storage/storage-health.js';

/** Of each check. */
const timeoutMs = 2000;
/** An answer is given again for so long: anyone may ask, and each check writes. */
const keptForMs = 500;

/** `ok`, or what is wrong, by the name of the check. */
type Checks = Record<string, string>;

interface Health {
  /** ok; degraded: works, but refuses some things; failed: cannot write. */
  status: 'ok' | 'degraded' | 'failed';
  checks: Checks;
}

/** Whether the server can work, by really writing to the database and the data folder. Each change is logged. */
@Injectable()
export class HealthService {
  #health: Promise<Health> | undefined;
  #keptUntil = 0;
  #logged = '';
  /** Checks that have not come back; they are not started a second time. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(
    private readonly database: Database,
    private readonly storage: StorageHealth,
    private readonly lifecycle: Lifecycle,
    @InjectPinoLogger(HealthService.name) private readonly log: PinoLogger,
  ) {}

  /** @throws {Problem} unavailable where nothing can be written, draining */
  async ready(): Promise<Health> {
    if (this.lifecycle.isDraining) throw new Problem('draining', 'The server is going down.');
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
    if (!this.#health || performance.now() > this.#keptUntil) {
      this.#keptUntil = Infinity;
      this.#health = this.#look().finally(() => (this.#keptUntil = performance.now() + keptForMs));
    }
    return this.#health;
  }

  async #look(): Promise<Health> {
    const [database, data_dir, uploads] = await Promise.all([
      this.#check('database', () => this.database.probe()),
      this.#check('data_dir', () => this.storage.probe()),
      this.#check('uploads', () => this.storage.uploadsRefused()),
    ]);
    const checks: Checks = {
      database: this.database.lost ?? database ?? 'ok',
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
    this.#note({ status, checks });
    return { status, checks };
  }

  /** @returns undefined where it went well, or what is wrong */
  async #check(name: string, work: () => Promise<string | void>): Promise<string | undefined> {
    let running = this.#running.get(name) as Promise<string | void> | undefined;
    if (!running) {
      running = work().finally(() => this.#running.delete(name));
      // It may fail after the time is up.
      running.catch(() => undefined);
      this.#running.set(name, running);
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    });
    try {
      return (await Promise.race([running, late])) ?? undefined;
    } catch (err) {
      const failure = storageFailureOf(err);
      if (failure !== undefined) return storageFailureTexts[failure];
      this.log.error({ err }, `the check of ${name} failed`);
      return 'failed; see the log';
    } finally {
      clearTimeout(timer);
    }
  }

  #note({ status, checks }: Health): void {
    // How much is free changes all the time; that it is too little is logged once.
    const seen = JSON.stringify([
      status,
      ...Object.values(checks).map((result) => result.replace(/\d+/g, '#')),
    ]);
    if (seen === this.#logged) return;
    if (status === 'failed') this.log.error({ checks }, 'not ready: nothing can be written');
    else if (status === 'degraded') this.log.warn({ checks }, 'degraded');
    else if (this.#logged !== '') this.log.info({ checks }, 'ready again');
    this.#logged = seen;
  }
}
