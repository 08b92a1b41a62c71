import { SetMetadata } from '@nestjs/common';

/** Metadata key of `WithoutRateLimit`. */
export const WITHOUT_RATE_LIMIT = Symbol('without rate limit');

/** Decorator for a route or controller whose requests the rate limit does not count: health checks and monitoring. */
export const WithoutRateLimit = () => SetMetadata(WITHOUT_RATE_LIMIT, true);
