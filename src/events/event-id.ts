import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const length = 16;
const pool = new Uint8Array(256 * length);
let used = pool.length;

/**
 * A UUID version 7; not ordered within a millisecond. Random bytes are generated for 256 ids at a time, because the
 * call costs more than the rest of it.
 */
export function eventId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return v7({ random: pool.subarray(used, (used += length)) });
}
