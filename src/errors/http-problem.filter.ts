import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Request, Response } from 'express';
import { asProblem } from './as-problem.js';
import { Problem, RetryLater } from './problem.js';

/** Converts every error of a REST call to the JSON error body, and logs those that are faults of the server. */
@Catch()
export class HttpProblemFilter implements ExceptionFilter {
  constructor(@InjectPinoLogger(HttpProblemFilter.name) private readonly log: PinoLogger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const problem = asProblem(error);
    // A Problem with such a status (draining, storage_full …) was thrown on purpose and is no fault of the server.
    if (problem.status >= 500 && !(error instanceof Problem)) {
      this.log.error({ err: error }, 'request failed');
    }
    if (response.headersSent) {
      // Part of the body has been sent: only closing the connection tells the client that it is incomplete.
      http.getRequest<Request>().socket.destroy();
      return;
    }
    if (problem instanceof RetryLater) response.setHeader('Retry-After', problem.retryAfterSeconds);
    if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    for (const header of ['ETag', 'Last-Modified', 'Content-Type', 'Content-Disposition']) {
      response.removeHeader(header);
    }
    response.setHeader('Cache-Control', 'no-store');
    response.status(problem.status).json({ error: problem.body });
  }
}
