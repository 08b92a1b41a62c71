import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { Request } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { User } from '../contract/index.js';
import { requireSimple } from '../errors/input-shape.js';
import { Problem } from '../errors/problem.js';
import { IdempotencyService } from './idempotency.service.js';

const commandMethods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const validKey = /^[\x21-\x7e]{1,100}$/;

/** Hands requests with an `Idempotency-Key` to `IdempotencyService`. For routes that require a token. */
@Injectable()
class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly idempotency: IdempotencyService) {}

  /** @throws {Problem} idempotency_key_invalid, malformed */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request & { caller: { user: User } }>();
    const key = request.headers['idempotency-key'];
    if (key === undefined || !commandMethods.has(request.method)) return next.handle();
    if (typeof key !== 'string' || !validKey.test(key)) {
      throw new Problem(
        'idempotency_key_invalid',
        'Idempotency-Key must be 1 to 100 visible ASCII characters, without spaces.',
      );
    }
    requireSimple(request.body);
    const keyed = {
      userId: request.caller.user.id,
      key,
      method: request.method,
      path: request.originalUrl,
      // A form is read by the handler of the upload, which identifies it.
      body: request.is('multipart/form-data') ? undefined : (JSON.stringify(request.body) ?? ''),
    };
    return from(this.idempotency.handle(keyed, () => lastValueFrom(next.handle()) as Promise<unknown>));
  }
}

/** Decorator for controllers: their commands may be repeated safely, with an `Idempotency-Key`. */
export const IdempotentCommands = () => UseInterceptors(IdempotencyInterceptor);
