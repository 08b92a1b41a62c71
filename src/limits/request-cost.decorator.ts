import { SetMetadata } from '@nestjs/common';

/** Metadata key of a route's cost in rate-limit points. */
export const REQUEST_COST = Symbol('request cost');

/** Decorator for a route whose requests count as `points` requests against the caller's rate limit. */
export const RequestCost = (points: number) => SetMetadata(REQUEST_COST, points);
