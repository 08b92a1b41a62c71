const baseMs = 500;
const maxMs = 20_000;

/**
 * Full jitter: a random time up to min(20 s, 0.5 · 2ⁿ s), so that many clients of a server that returns do not arrive at
 * the same moment. (Socket.IO's own delay varies by ± 50 % only.)
 * @param failures attempts in a row that have failed: n
 */
export const backoffMs = (failures: number, random: () => number): number =>
  random() * Math.min(maxMs, baseMs * 2 ** Math.min(failures, 10));
