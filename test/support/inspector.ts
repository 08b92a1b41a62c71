import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PinoLogger } from 'nestjs-pino';
import { Problem } from '../../src/errors/problem.js';
import { AudioInspector } from '../../src/tracks/inspection/audio-inspector.js';
import type { InspectedAudio } from '../../src/tracks/inspection/inspection.js';
import { programs } from './server.js';

export interface TestInspector {
  /** Writes a temporary file and inspects it. @throws {Problem} */
  inspect(bytes: Uint8Array, user?: string): Promise<InspectedAudio>;
  /** Inspects a file. @returns the error code of the refusal, or `accepted` */
  outcome(bytes: Uint8Array, user?: string): Promise<string>;
  /** Number of inspections that were started. */
  readonly begun: number;
  /** The log entries of the inspector. */
  log: Record<string, unknown>[];
  close(): Promise<void>;
}

/** The AudioInspector with its threads, without the rest of the server. */
export async function startInspector(worker = programs.inspection): Promise<TestInspector> {
  const log: Record<string, unknown>[] = [];
  // A real PinoLogger would write to the one stream that all loggers of the process share.
  const write = (level: string) => (entry: object, message: string) =>
    void log.push({ level, message, ...entry });
  const logger = { warn: write('warn'), error: write('error') } as unknown as PinoLogger;
  const inspector = new AudioInspector({ inspection: worker }, logger);
  const folder = await mkdtemp(join(tmpdir(), 'roomcast-inspected-'));
  let number = 0;
  let begun = 0;
  const inspect = async (bytes: Uint8Array, user = 'user'): Promise<InspectedAudio> => {
    const path = join(folder, String((number += 1)));
    await writeFile(path, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    try {
      begun += 1;
      return await inspector.inspect(user, { path, sha256, sizeBytes: bytes.length });
    } finally {
      await rm(path);
    }
  };
  return {
    inspect,
    outcome: (bytes, user) =>
      inspect(bytes, user).then(
        () => 'accepted',
        (error: unknown) => {
          if (error instanceof Problem) return error.code;
          throw error;
        },
      ),
    get begun() {
      return begun;
    },
    log,
    async close() {
      await inspector.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
