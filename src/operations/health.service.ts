import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Database } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { SocketAdmission } from '../gateway/socket-admission.js';

const patience = 2000;

@Injectable()
export class HealthService {
  constructor(
    private readonly database: Database,
    private readonly admission: SocketAdmission,
    @InjectPinoLogger(HealthService.name) private readonly log: PinoLogger,
  ) {}

  /** @throws {Problem} unavailable where the database does not answer in time, draining */
  async ready() {
    if (this.admission.draining) throw new Problem('draining', 'The server is going down.');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${patience} ms`)), patience);
    });
    try {
      await Promise.race([this.database.ping(), late]);
    } catch (err) {
      this.log.error({ err }, 'the database does not answer');
      throw new Problem('unavailable', 'The database does not answer.', { checks: { database: 'failed' } });
    } finally {
      clearTimeout(timer);
    }
    return { status: 'ok', checks: { database: 'ok' } };
  }
}
