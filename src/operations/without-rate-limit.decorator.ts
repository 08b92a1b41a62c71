import { SetMetadata } from '@nestjs/common';

export const WITHOUT_RATE_LIMIT = Symbol('without rate limit');

/** Requests to this route or controller are not counted: for probes and monitoring. */
export const WithoutRateLimit = () => SetMetadata(WITHOUT_RATE_LIMIT, true);
