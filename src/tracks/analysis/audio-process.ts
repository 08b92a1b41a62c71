import { text } from 'node:stream/consumers';
import { analyseFile } from './analyse-file.js';
import type { AnalysisAnswer, AnalysisRequest } from './analysis.js';
import { becomeLimited } from './become-limited.js';

/*
 * Entry point of the process that decodes one file: the request comes as JSON on standard input, the answer goes as JSON
 * to standard output.
 */

becomeLimited(15_000);

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

const answer = await analyse(JSON.parse(await text(process.stdin)) as AnalysisRequest);
process.stdout.write(JSON.stringify(answer));
