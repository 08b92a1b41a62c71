// How the server is bundled: for `npm run build`, and for the tests that load its modules into their own process.
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

/** @param options Rolldown's input options: the entries, by the relative path of their output, and what differs */
export const bundlerOf = (options) =>
  rolldown({
    platform: 'node',
    external,
    onLog(level, log, handler) {
      // A missing package or export is only a warning to Rolldown; here it fails the build.
      if (level === 'warn') throw new Error(log.message);
      handler(level, log);
    },
    ...options,
  });

export const output = {
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  // Logs, metrics and Nest use the names of classes.
  keepNames: true,
};
