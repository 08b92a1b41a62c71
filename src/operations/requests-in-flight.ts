import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';

/** How long shutdown waits for requests in flight: well below the time after which supervisors kill a process. */
const timeoutMs = 5000;

/** As routes match: in any case, and in the absolute form of a request's target too. */
const apiUrl = /^(?:https?:\/\/[^/]*)?\/api(?:[/?]|$)/i;

/** At shutdown, waits for requests in flight before connections are closed, and refuses new ones. */
@Injectable()
export class RequestsInFlight {
  readonly #open = new Set<Response>();
  #ended: (() => void) | undefined;

  /** Express middleware. @throws {Problem} draining */
  readonly count = (request: Request, response: Response, next: NextFunction): void => {
    // Health and metrics are served until the process ends.
    if (!apiUrl.test(request.originalUrl)) return next();
    if (this.lifecycle.isDraining) {
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
    private readonly lifecycle: Lifecycle,
    broadcaster: EventBroadcasterService,
  ) {
    lifecycle.onDrain(() =>
      broadcaster.serverStatus('draining', 'The server is shutting down; reconnect in a moment.'),
    );
    lifecycle.onStop('requests', 'requests in flight', () => this.#finished());
  }

  /** Resolves once no request is in flight, or the timeout has passed. */
  async #finished(): Promise<void> {
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
  }
}
