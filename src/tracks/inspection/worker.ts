import { getPriority, setPriority } from 'node:os';
import { inspectFile } from './inspect-file.js';
import { type InspectionAnswer, type InspectionRequest, Refusal } from './inspection.js';

// Entry point of the worker threads. It is a separate file in the build; the main thread does not import it.

// On Linux this lowers the priority of the calling thread only, so that delivery goes first when the CPU is busy.
if (process.platform === 'linux') setPriority(Math.max(10, getPriority()));

export default async function inspect({ path }: InspectionRequest): Promise<InspectionAnswer> {
  try {
    return { accepted: true, audio: await inspectFile(path) };
  } catch (error) {
    if (error instanceof Refusal) return { accepted: false, code: error.code, message: error.message };
    throw error;
  }
}
