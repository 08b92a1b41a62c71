import { analyseFile } from './analyse-file.js';
import type { AnalysisAnswer, AnalysisRequest } from './analysis.js';
import { serveRequests } from '../../processes/serve-requests.js';

/* Entry point of the process that decodes files. */

// The decoders report each broken frame of a file.
// eslint-disable-next-line no-console -- as above
for (const method of ['log', 'warn', 'error'] as const) console[method] = () => undefined;

/** A decoder that throws has met a file that it cannot decode, or a part of one that the inspection did not read. */
async function analyse(request: AnalysisRequest): Promise<AnalysisAnswer> {
  try {
    return await analyseFile(request);
  } catch (error) {
    const { syscall, code } = error as NodeJS.ErrnoException;
    if (syscall !== undefined || code === 'ERR_MODULE_NOT_FOUND') throw error;
    return { is: 'undecodable' };
  }
}

serveRequests(analyse, 15_000);
