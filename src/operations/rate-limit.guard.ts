import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { AuthenticatedRequest } from '../auth/caller.js';
import { requestToken } from '../auth/request-token.js';
import { SessionsService } from '../auth/sessions.service.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { ClientAddresses } from '../config/client-addresses.js';
import { RateLimited } from '../errors/problem.js';
import { BoundedLimiter } from '../limits/bounded-limiter.js';
import { EarlyChecks } from '../limits/early-checks.js';
import { REQUEST_COST } from '../limits/request-cost.decorator.js';
import { Refusals } from '../limits/refusals.js';
import { exempt } from './limits/exempt-paths.js';
import { WITHOUT_RATE_LIMIT } from './without-rate-limit.decorator.js';

/** A request costs 1 point, or the points of its `RequestCost` or `ExpensiveRead` decorator. */
const limit = { points: 3000, durationSeconds: 10 };
/** Users and addresses whose requests are counted at the same time. */
const maxCallers = 100_000;
/** Callers beyond their limit whose requests are refused early; any more are refused later, at a higher cost. */
const maxExhausted = 10_000;

/**
 * Global guard: limits the request rate per user, or per address for requests without a token. On public routes a token
 * counts for its session.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  readonly #limiter = new BoundedLimiter(limit, maxCallers);
  /** Callers beyond their limit, and when it ends in milliseconds of the monotonic clock; the earliest first. */
  readonly #exhausted = new Map<string, number>();

  constructor(
    private readonly reflector: Reflector,
    private readonly addresses: ClientAddresses,
    private readonly refusals: Refusals,
    private readonly sessions: SessionsService,
    @Inject(SETTINGS) private readonly settings: Settings,
    earlyChecks: EarlyChecks,
  ) {
    earlyChecks.register((request) => this.#earlyProblem(request));
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.settings.rateLimit || context.getType() !== 'http') return true;
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(WITHOUT_RATE_LIMIT, targets)) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const userId = request.caller?.user.id;
    const cost = this.reflector.get<number | undefined>(REQUEST_COST, context.getHandler()) ?? 1;
    if (userId !== undefined) this.#requireNotBlocked(userId);
    // A public route does not check the token, which may be revoked or stolen: its requests do not count as the user's.
    const key =
      userId ??
      this.sessions.ownerBySignature(requestToken(request))?.tokenKey ??
      this.addresses.key(request);
    const waitMs = await this.#limiter.consume(key, cost);
    if (waitMs === 0) return true;
    this.#remember(key, waitMs);
    throw tooMany(waitMs);
  }

  #remember(key: string, ms: number): void {
    const now = performance.now();
    for (const [other, endsAt] of this.#exhausted) {
      if (endsAt > now) break;
      this.#exhausted.delete(other);
    }
    if (this.#exhausted.size < maxExhausted) this.#exhausted.set(key, now + ms);
  }

  /** Refuses callers beyond their limit, for whom `canActivate` would only find out the same. */
  #earlyProblem(request: IncomingMessage): RateLimited | undefined {
    if (this.#exhausted.size === 0 || exempt.test(request.url ?? '')) return undefined;
    const userId = this.sessions.userIdBySignature(requestToken(request));
    const endsAt = this.#exhausted.get(userId ?? this.addresses.key(request));
    const ms = endsAt === undefined ? 0 : endsAt - performance.now();
    return ms > 0 ? tooMany(ms) : undefined;
  }

  #requireNotBlocked(userId: string): void {
    const blockedMs = this.refusals.blockedMs(`user:${userId}`);
    if (blockedMs !== undefined) {
      throw new RateLimited('Too many refused requests; try again after Retry-After seconds.', blockedMs);
    }
  }
}

const tooMany = (ms: number): RateLimited =>
  new RateLimited('Too many requests; try again after Retry-After seconds.', ms);
