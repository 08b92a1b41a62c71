import { setPriority } from 'node:os';
import { inspectFile } from './inspect-file.js';
import { type InspectionAnswer, type InspectionRequest, Refusal } from './inspection.js';

// The entry of the worker threads: a file of its own in the build, which the main thread never imports.

// On Linux the priority is that of the calling thread: listeners come before uploads where processors are scarce.
if (process.platform === 'linux') setPriority(10);

export default async function inspect({ path }: InspectionRequest): Promise<InspectionAnswer> {
  try {
    return { accepted: true, audio: await inspectFile(path) };
  } catch (error) {
    if (error instanceof Refusal) return { accepted: false, code: error.code, message: error.message };
    throw error;
  }
}
