import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { AuthenticatedRequest } from '../auth/caller.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { ClientAddresses } from '../config/client-addresses.js';
import { RateLimited } from '../errors/problem.js';
import { READ_COST } from '../limits/expensive-read.decorator.js';
import { Refusals } from '../limits/refusals.js';
import { WITHOUT_RATE_LIMIT } from './without-rate-limit.decorator.js';

/** `duration` in seconds. A request costs 1 point, an expensive read the points of its `ExpensiveRead` decorator. */
const limit = { points: 3000, duration: 10 };

/** Global guard: limits the request rate per user, or per address for requests without a token. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  readonly #limiter = new RateLimiterMemory(limit);

  constructor(
    private readonly reflector: Reflector,
    private readonly addresses: ClientAddresses,
    private readonly refusals: Refusals,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.settings.rateLimit || context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(WITHOUT_RATE_LIMIT, targets)) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const userId = request.caller?.user.id;
    const cost = this.reflector.get<number | undefined>(READ_COST, context.getHandler()) ?? 1;
    if (userId !== undefined) this.#requireNotBlocked(userId);
    try {
      await this.#limiter.consume(userId ?? this.addresses.key(request), cost);
      return true;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new RateLimited('Too many requests; try again after Retry-After seconds.', refusal.msBeforeNext);
    }
  }

  #requireNotBlocked(userId: string): void {
    const blockedMs = this.refusals.blockedMs(`user:${userId}`);
    if (blockedMs !== undefined) {
      throw new RateLimited('Too many refused requests; try again after Retry-After seconds.', blockedMs);
    }
  }
}
