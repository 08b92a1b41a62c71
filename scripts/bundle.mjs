// Bundles the compiled server and its packages into a few files. The server then starts in less than half the time,
// because Node opens a few files instead of two thousand.
//   node scripts/bundle.mjs build dist
import { rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const external = [
  // Native code.
  'argon2',
  'better-sqlite3',
  'sharp',
  // Packages that read files next to their code. (Those of pino's transports and Socket.IO's client are not used.)
  /^swagger-ui-dist(\/|$)/,
  /^piscina(\/|$)/,
  // WebAssembly in strings that are not valid Unicode text; and licensed under the LGPL, so that they stay replaceable.
  /^(@wasm-audio-decoders\/.+|mpg123-decoder|opus-decoder|codec-parser)$/,
  // Nest also requires these by a computed name. If bundled, two copies of each would run, and the validation would not
  // see the decorators registered with the other copy.
  /^class-(transformer|validator)(\/|$)/,
  // Optional dependencies that are not installed.
  'pg-native',
  'bufferutil',
  'utf-8-validate',
  /^@nestjs\/(microservices|mongoose)(\/|$)/,
  /^@fastify\//,
];

/** Entry points: the server, and what runs outside of its main thread. */
const entries = [
  'main',
  'tracks/inspection/worker',
  'tracks/analysis/audio-process',
  'tracks/analysis/cover-process',
  'auth/password-process',
];

const [from, to] = process.argv.slice(2).map((folder) => resolve(folder));
if (!from || !to) {
  console.error('usage: node scripts/bundle.mjs <folder of the compiled server> <folder to write>');
  process.exit(2);
}

const bundler = await rolldown({
  // Keyed by relative path, so that the server finds the worker at the same relative path, bundled or not.
  input: Object.fromEntries(entries.map((name) => [name, join(from, `${name}.js`)])),
  platform: 'node',
  external,
  onLog(level, log, handler) {
    // A missing package or export is only a warning to Rolldown; here it fails the build.
    if (level === 'warn') throw new Error(log.message);
    handler(level, log);
  },
});
// Written to a new folder first, so that a failed build leaves the previous one.
const fresh = `${to}.new`;
await rm(fresh, { recursive: true, force: true });
await bundler.write({
  dir: fresh,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  // Logs, metrics and Nest use the names of classes.
  keepNames: true,
});
await bundler.close();
await rm(to, { recursive: true, force: true });
await rename(fresh, to);
