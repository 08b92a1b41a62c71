import { cpus } from 'node:os';

function busyMs() {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
}

/** Starts measuring how much of the machine is in use. */
export function watchMachine() {
  const began = performance.now();
  const busyBefore = busyMs();
  const cpuBefore = process.cpuUsage();
  return {
    /**
     * @param ownSeconds CPU seconds of the benchmark's other processes meanwhile
     * @returns cores in use by processes that do not belong to the benchmark, on average
     */
    otherCores(ownSeconds) {
      const { user, system } = process.cpuUsage(cpuBefore);
      const others = (busyMs() - busyBefore) / 1000 - ownSeconds - (user + system) / 1e6;
      return Math.max(0, others / ((performance.now() - began) / 1000));
    },
  };
}
