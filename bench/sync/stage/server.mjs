import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/**
 * Starts the built server as a process of its own, with a data folder that is deleted with it.
 * @returns its port, and what ends it
 */
export async function startServer() {
  const dataDir = await mkdtemp(join(tmpdir(), 'roomcast-sync-'));
  const child = spawn(process.execPath, ['--no-warnings', main], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: dataDir,
      CORS_ORIGINS: '*',
      RATE_LIMIT: 'off',
      MAX_UPLOAD_MB: '100',
      LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  process.once('exit', () => child.kill('SIGKILL'));
  const port = await new Promise((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk) => {
      // Read to the end, so that the pipe never fills.
      if (output === undefined) return;
      output += chunk;
      const match = /listening on port (\d+)/.exec(output);
      if (!match) return;
      output = undefined;
      resolve(Number(match[1]));
    });
    void exited.then(([code]) => reject(new Error(`the server ended with ${code}:\n${output}`)));
  });
  return {
    port,
    async close() {
      child.kill('SIGTERM');
      await exited;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
