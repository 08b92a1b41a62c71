/**
 * Goals of a row, all in milliseconds but for the rate: `p95`, `max`, `median: [from, to]`, `rate` (largest distance from
 * 1).
 * @returns what is missed, as text; nothing if the row holds
 */
export function missed({ goal, median, p95, max, fastest, cuts, stalls, unheard, windows, fewest = 1 }) {
  const findings = [];
  const limit = (name, value, most) => {
    if (!(value <= most)) findings.push(`${name} ${value?.toFixed(3)} > ${most}`);
  };
  if (windows < fewest) findings.push(`only ${windows} windows`);
  if (goal.p95 !== undefined) limit('p95', p95, goal.p95);
  if (goal.max !== undefined) limit('max', max, goal.max);
  if (goal.median && !(median >= goal.median[0] && median <= goal.median[1])) {
    findings.push(`median ${median.toFixed(3)} not in ${goal.median.join(' to ')}`);
  }
  if (goal.rate !== undefined && !(fastest <= goal.rate)) findings.push(`rate off by ${fastest.toFixed(5)}`);
  // A player has to cut where the output itself has skipped something.
  if (cuts > stalls) findings.push(`${cuts} cuts, ${stalls} stalls`);
  if (unheard > 0) findings.push(`${unheard} windows without the room's track`);
  return findings;
}

/** The goal as people read it. */
export function goalText({ p95, max, median }) {
  if (median) return `median ${median.join(' to ')} ms`;
  return p95 === undefined ? `max ≤ ${max} ms` : `p95 ≤ ${p95} ms`;
}
