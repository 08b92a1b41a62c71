import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { AuthenticatedRequest } from '../auth/caller.js';
import { RATE_LIMIT, type RateLimit } from '../auth/rate-limit.decorator.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Problem } from '../errors/problem.js';

/** Bursts are what a room full of votes looks like; only floods are not. */
const ordinary: RateLimit = { name: 'requests', limit: 3000, seconds: 10 };

/** So many requests for each user, or for each address where nobody is signed in. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  readonly #limiters = new Map<string, RateLimiterMemory>();

  constructor(
    private readonly reflector: Reflector,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.settings.rateLimit || context.getType() !== 'http') return true;
    const own = this.reflector.getAllAndOverride<RateLimit | 'none' | undefined>(RATE_LIMIT, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (own === 'none') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<AuthenticatedRequest>();
    try {
      await this.#limiter(own ?? ordinary).consume(request.caller?.user.id ?? request.ip ?? 'unknown');
      return true;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      http
        .getResponse<Response>()
        .setHeader('Retry-After', Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)));
      throw new Problem('rate_limited', 'Too many requests; wait as long as Retry-After says.');
    }
  }

  #limiter({ name, limit, seconds }: RateLimit): RateLimiterMemory {
    let limiter = this.#limiters.get(name);
    if (!limiter) {
      limiter = new RateLimiterMemory({ keyPrefix: name, points: limit, duration: seconds });
      this.#limiters.set(name, limiter);
    }
    return limiter;
  }
}
