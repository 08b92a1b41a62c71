import { clean, drift, jitter } from './steady.mjs';

/** In the order in which they run. Each takes the rig and returns rows of the table. */
export const scenarios = { clean, jitter, drift };
