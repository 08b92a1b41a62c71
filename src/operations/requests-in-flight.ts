import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { SocketAdmission } from '../gateway/socket-admission.js';

/** How long shutdown waits for requests in flight: well below the time after which supervisors kill a process. */
const timeoutMs = 5000;

/** At shutdown, waits for requests in flight before connections are closed, and refuses new ones. */
@Injectable()
export class RequestsInFlight implements OnModuleDestroy {
  readonly #open = new Set<Response>();
  #ended: (() => void) | undefined;

  /** Express middleware. @throws {Problem} draining */
  readonly count = (request: Request, response: Response, next: NextFunction): void => {
    // Health and metrics are served until the process ends.
    if (!request.originalUrl.startsWith('/api')) return next();
    if (this.admission.draining) {
      response.setHeader('Connection', 'close');
      throw new Problem('draining', 'The server is shutting down; try again.');
    }
    this.#open.add(response);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) this.#ended?.();
    });
    next();
  };

  constructor(
    private readonly admission: SocketAdmission,
    private readonly broadcaster: EventBroadcasterService,
  ) {}

  /**
   * The first phase of shutdown: announces `draining` and waits for requests in flight. Sockets are closed in the next
   * phase, so that they still receive the events of these requests.
   */
  async onModuleDestroy(): Promise<void> {
    this.admission.drain();
    this.broadcaster.serverStatus('draining', 'The server is shutting down; reconnect in a moment.');
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
  }
}
