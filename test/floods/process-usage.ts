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

/** The processor time it has used since it started, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  // The name of the program, in parentheses, may hold spaces; utime and stime are the 14th and 15th field.
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  const ticksPerSecond = 100;
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
