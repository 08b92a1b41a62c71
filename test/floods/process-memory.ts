import { readFile } from 'node:fs/promises';

const bytes = async (pid: number, field: string): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status has no ${field}`);
  return Number(kilobytes) * 1024;
};

/** How much physical memory a process holds, in bytes. Linux only. */
export const residentBytes = (pid: number): Promise<number> => bytes(pid, 'VmRSS');

/** The most it has held since it started. */
export const peakBytes = (pid: number): Promise<number> => bytes(pid, 'VmHWM');
