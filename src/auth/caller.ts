import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Request } from 'express';
import type { User } from '../contract/index.js';
import { Problem } from '../errors/problem.js';

/** Who is asking, as the token says and the database confirms. */
export interface Caller {
  user: User;
  sessionId: string;
  /** When the token expires: Unix seconds. */
  expiresAt: number;
}

export type AuthenticatedRequest = Request & { caller?: Caller };

export type Access = 'token' | 'optional' | 'media' | 'public';
export const ACCESS = Symbol('access');

/** Anyone may call this. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);
/** A token is looked at where one is sent. */
export const OptionalToken = () => SetMetadata(ACCESS, 'optional' satisfies Access);
/** A media token in the query will do, besides the ordinary one: for media elements, which cannot send headers. */
export const MediaToken = () => SetMetadata(ACCESS, 'media' satisfies Access);

/** The caller; a route without `Public` or `OptionalToken` always has one. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!caller) throw new Problem('unauthorized', 'Sign in first.');
  return caller;
});

export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): User => {
  const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!caller) throw new Problem('unauthorized', 'Sign in first.');
  return caller.user;
});

export const OptionalCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller | undefined =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().caller,
);
