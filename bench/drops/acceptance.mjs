/** What Roomcast must reach, and what makes the load generator the limit. */
export const limits = {
  commandP99Ms: 500,
  cpuRatio: 2,
  /** Share of one core. */
  loadBusy: 0.85,
  /** How late the load generator's timers were, at p99. */
  loadDelayMs: 100,
};

/** One line for each limit that Roomcast missed. */
export function failures(results) {
  return results.flatMap(({ scenario, figures: { roomcast, bare } }) => {
    if (!roomcast) return [];
    const of = `Roomcast, ${scenario.connections} connections of ${scenario.users} users`;
    const missed = [];
    const { expected, onceInOrder, resets, gaps, settled, commands } = roomcast;
    if (!settled.complete) missed.push(`${of}: not settled after ${Math.round(settled.seconds)} s`);
    if (onceInOrder !== expected) {
      missed.push(`${of}: ${onceInOrder} of ${expected} deliveries once and in order`);
    }
    if (resets > 0) missed.push(`${of}: ${resets} reconnects were not resumed`);
    if (gaps > 0) missed.push(`${of}: ${gaps} gaps in the sequence`);
    const undone = commands.failed + commands.unsent;
    if (undone > 0) missed.push(`${of}: ${undone} commands failed or were not sent in time`);
    if (!(commands.p99 < limits.commandP99Ms)) {
      missed.push(`${of}: p99 of commands is ${Math.round(commands.p99)} ms`);
    }
    if (bare && !(roomcast.cpu / bare.cpu <= limits.cpuRatio)) {
      missed.push(`${of}: ${(roomcast.cpu / bare.cpu).toFixed(2)} times the CPU of bare Socket.IO`);
    }
    return missed;
  });
}

/** One line for each run whose load generator could not keep up: its figures say nothing about the server. */
export function saturation(results) {
  return results.flatMap(({ scenario, figures }) =>
    Object.entries(figures).flatMap(([name, { load }]) => {
      if (load.busy <= limits.loadBusy && load.delayP99 <= limits.loadDelayMs) return [];
      const percent = Math.round(load.busy * 100);
      const delay = Math.round(load.delayP99);
      return [
        `load generator saturated, ${name} with ${scenario.users} users: ${percent} % busy, ${delay} ms late`,
      ];
    }),
  );
}
