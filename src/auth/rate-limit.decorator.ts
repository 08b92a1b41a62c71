import { SetMetadata } from '@nestjs/common';

export interface RateLimit {
  /** Routes of one name share what is left. */
  name: string;
  limit: number;
  seconds: number;
}

export const RATE_LIMIT = Symbol('rate limit');

/** A limit of its own for a route, instead of the ordinary one; or none. */
export const LimitRate = (limit: RateLimit | 'none') => SetMetadata(RATE_LIMIT, limit);
