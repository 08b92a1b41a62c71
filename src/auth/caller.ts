import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Request } from 'express';
import type { User } from '../contract/index.js';
import { Problem } from '../errors/problem.js';
import { requestToken } from './request-token.js';

/** The authenticated caller: from a valid token whose session is not revoked. */
export interface Caller {
  user: User;
  sessionId: string;
  /** When the token expires: Unix seconds. */
  expiresAt: number;
}

/** A request after the `AuthGuard`. */
export type AuthenticatedRequest = Request & { caller?: Caller };

/** Which token a route requires. */
export type Access = 'token' | 'optional' | 'media' | 'public';
/** Metadata key of a route's `Access`. */
export const ACCESS = Symbol('access');

/** Route decorator: no token is required, and none is checked. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);
/** Route decorator: a token is not required; one that is sent must be valid. */
export const OptionalToken = () => SetMetadata(ACCESS, 'optional' satisfies Access);
/** Route decorator: also accepts a media token in the query, since media elements cannot send headers. */
export const MediaToken = () => SetMetadata(ACCESS, 'media' satisfies Access);

/** Parameter decorator: the caller. Not for routes with `Public` or `OptionalToken`. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!caller) throw new Problem('unauthorized', 'Sign in first.');
  return caller;
});

/** Parameter decorator: the caller's user. Not for routes with `Public` or `OptionalToken`. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): User => {
  const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!caller) throw new Problem('unauthorized', 'Sign in first.');
  return caller.user;
});

/** Parameter decorator: the token that was sent, unchecked; '' without one. For routes with `Public`. */
export const SentToken = createParamDecorator((_: unknown, context: ExecutionContext): string =>
  requestToken(context.switchToHttp().getRequest<Request>()),
);

/** Parameter decorator: the caller, or undefined without a token. */
export const OptionalCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller | undefined =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().caller,
);
