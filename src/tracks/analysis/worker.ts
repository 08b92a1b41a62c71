import { setPriority } from 'node:os';
import { analyseFile } from './analyse-file.js';
import type { AnalysisAnswer, AnalysisRequest } from './analysis.js';

// Entry point of the worker threads that decode audio. It is a separate file in the build.

// As in the inspection's worker: delivery goes first.
if (process.platform === 'linux') setPriority(10);

// The decoders report each broken frame of a file; that is the uploader's text in the server's log.
// eslint-disable-next-line no-console -- as above
for (const method of ['log', 'warn', 'error'] as const) console[method] = () => undefined;

/** A decoder that throws has met a file that it cannot decode, or a part of one that the inspection did not read. */
export default async function analyse(request: AnalysisRequest): Promise<AnalysisAnswer> {
  try {
    return await analyseFile(request);
  } catch (error) {
    const { syscall, code } = error as NodeJS.ErrnoException;
    if (syscall !== undefined || code === 'ERR_MODULE_NOT_FOUND') throw error;
    return { is: 'undecodable' };
  }
}
