import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Request, Response } from 'express';
import { asProblem } from './as-problem.js';
import { Problem, RetryLater } from './problem.js';

/** Answers every error of a REST call in the one form. */
@Catch()
export class HttpProblemFilter implements ExceptionFilter {
  constructor(@InjectPinoLogger(HttpProblemFilter.name) private readonly log: PinoLogger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const problem = asProblem(error);
    // A Problem with such a status (draining, a queue that is full, storage_full …) is an answer, not a fault.
    if (problem.status >= 500 && !(error instanceof Problem)) {
      this.log.error({ err: error }, 'request failed');
    }
    if (response.headersSent) {
      // The body is on its way already: cutting the connection is the one honest sign that it is not whole.
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
