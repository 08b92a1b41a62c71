import { type ArgumentsHost, Catch, Injectable, type WsExceptionFilter } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { asProblem } from '../errors/as-problem.js';

/** Answers every error of a message through its acknowledgement: `{ ok: false, error: { code, message } }`. */
@Injectable()
@Catch()
export class SocketProblemFilter implements WsExceptionFilter {
  constructor(@InjectPinoLogger(SocketProblemFilter.name) private readonly log: PinoLogger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = asProblem(error);
    if (problem.status >= 500) this.log.error({ err: error }, 'a message failed');
    const acknowledge = host.getArgs<unknown[]>().find((argument) => typeof argument === 'function');
    (acknowledge as ((answer: unknown) => void) | undefined)?.({ ok: false, error: problem.body });
  }
}
