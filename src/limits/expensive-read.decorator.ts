import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
  UseInterceptors,
} from '@nestjs/common';
import type { Request } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { User } from '../contract/index.js';
import { ExpensiveReads } from './expensive-reads.js';

export const READ_COST = Symbol('read cost');

/** Has a route's handler wait for the caller's turn. The route must need a token. */
@Injectable()
class ExpensiveReadInterceptor implements NestInterceptor {
  constructor(private readonly reads: ExpensiveReads) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request & { caller: { user: User } }>();
    const read = this.reads.run(request.caller.user.id, async () =>
      // The caller may have gone away while it waited.
      request.socket.destroyed ? undefined : (lastValueFrom(next.handle()) as Promise<unknown>),
    );
    return from(read);
  }
}

/**
 * Marks a route whose answer is large or takes long to put together. It takes turns with the other expensive reads of
 * the server, and counts as `points` requests against the caller's rate limit.
 */
export const ExpensiveRead = (points: number) =>
  applyDecorators(SetMetadata(READ_COST, points), UseInterceptors(ExpensiveReadInterceptor));
