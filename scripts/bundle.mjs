// Joins the compiled server and the packages it uses into a few files: the server is ready in less than half the
// time, because Node resolves and opens a few files instead of two thousand.
//   node scripts/bundle.mjs build dist
import { rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const external = [
  // Native code.
  'argon2',
  'better-sqlite3',
  // Files that it reads beside itself. (Those that pino's transports and Socket.IO's client have are not used.)
  /^swagger-ui-dist(\/|$)/,
  /^piscina(\/|$)/,
  // Nest also requires them by names made at run time: bundled there would be two of each, with decorators kept apart.
  /^class-(transformer|validator)(\/|$)/,
  // Optional, and not installed.
  'pg-native',
  'bufferutil',
  'utf-8-validate',
  /^@nestjs\/(microservices|mongoose)(\/|$)/,
  /^@fastify\//,
];

/** What Node starts: the server, and the threads that inspect uploads. */
const entries = ['main', 'tracks/inspection/worker'];

const [from, to] = process.argv.slice(2).map((folder) => resolve(folder));
if (!from || !to) {
  console.error('usage: node scripts/bundle.mjs <folder of the compiled server> <folder to write>');
  process.exit(2);
}

const bundler = await rolldown({
  // By their paths below the folder: the server finds the worker beside itself, bundled or not.
  input: Object.fromEntries(entries.map((name) => [name, join(from, `${name}.js`)])),
  platform: 'node',
  external,
  onLog(level, log, handler) {
    // A package that cannot be found, or a name it does not export, is a fault of the build.
    if (level === 'warn') throw new Error(log.message);
    handler(level, log);
  },
});
// A build that fails leaves what was there.
const fresh = `${to}.new`;
await rm(fresh, { recursive: true, force: true });
await bundler.write({
  dir: fresh,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  // Nest injects by class; logs and metrics show names.
  keepNames: true,
});
await bundler.close();
await rm(to, { recursive: true, force: true });
await rename(fresh, to);
