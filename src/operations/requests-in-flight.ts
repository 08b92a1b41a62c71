import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { SocketAdmission } from '../gateway/socket-admission.js';

/** How long requests may take to end once the server goes down, in milliseconds: well below what supervisors wait. */
const patience = 5000;

/** Lets requests that are being worked on end before connections are cut, and lets no more begin meanwhile. */
@Injectable()
export class RequestsInFlight implements OnModuleDestroy {
  readonly #open = new Set<Response>();
  #ended: (() => void) | undefined;

  /** Express middleware. @throws {Problem} draining */
  readonly count = (request: Request, response: Response, next: NextFunction): void => {
    // Health and metrics are asked for until the end.
    if (!request.originalUrl.startsWith('/api')) return next();
    if (this.admission.draining) {
      response.setHeader('Connection', 'close');
      throw new Problem('draining', 'The server is going down; try again.');
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
   * In the first phase of the end, and first of all everyone is told: sockets are open until the next phase, and
   * hear of what these requests change.
   */
  async onModuleDestroy(): Promise<void> {
    this.admission.drain();
    this.broadcaster.serverStatus('draining', 'The server is going down; reconnect in a moment.');
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      timer = setTimeout(resolve, patience);
    });
    clearTimeout(timer);
  }
}
