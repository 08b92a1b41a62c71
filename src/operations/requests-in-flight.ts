import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';

/** For requests in progress when the server stops; supervisors usually wait 10 s before they kill. */
const finishTimeoutMs = 5000;

/** Refuses new requests while the server drains, and lets those in progress finish before connections are closed. */
@Injectable()
export class RequestsInFlight {
  readonly #open = new Set<Response>();
  #ended: (() => void) | undefined;

  /** Express middleware. @throws {Problem} draining */
  readonly count = (request: Request, response: Response, next: NextFunction): void => {
    // Health and metrics answer until the end.
    if (!request.originalUrl.startsWith('/api')) return next();
    if (this.lifecycle.isDraining) {
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
    private readonly lifecycle: Lifecycle,
    broadcaster: EventBroadcasterService,
  ) {
    lifecycle.onDrain(() =>
      broadcaster.serverStatus('draining', 'The server is going down; reconnect in a moment.'),
    );
    lifecycle.onStop('requests', 'requests in progress', () => this.#finished());
  }

  /** Resolves once no request is in progress, or the timeout has passed. */
  async #finished(): Promise<void> {
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      timer = setTimeout(resolve, finishTimeoutMs);
    });
    clearTimeout(timer);
  }
}
