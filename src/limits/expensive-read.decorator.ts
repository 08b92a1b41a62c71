import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { Request } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { ClientAddresses } from '../config/client-addresses.js';
import type { User } from '../contract/index.js';
import { ExpensiveReads } from './expensive-reads.js';
import { RequestCost } from './request-cost.decorator.js';

/** Delays a route's handler until the caller's turn in `ExpensiveReads`. The route must require a token. */
@Injectable()
class ExpensiveReadInterceptor implements NestInterceptor {
  constructor(
    private readonly reads: ExpensiveReads,
    private readonly addresses: ClientAddresses,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request & { caller: { user: User } }>();
    const reader = { userId: request.caller.user.id, address: this.addresses.key(request) };
    const read = this.reads.run(reader, async () =>
      // Skip the work if the caller disconnected while the read was waiting.
      request.socket.destroyed ? undefined : (lastValueFrom(next.handle()) as Promise<unknown>),
    );
    return from(read);
  }
}

/**
 * Decorator for a route whose answer is large or slow to compute. The handler runs through `ExpensiveReads`, and a call
 * counts as `points` requests against the caller's rate limit.
 */
export const ExpensiveRead = (points: number) =>
  applyDecorators(RequestCost(points), UseInterceptors(ExpensiveReadInterceptor));
