// Bundles the client library, into client/dist if no folder is given. There tsc writes the declarations afterwards.
// Dependencies stay imports.
//   node scripts/bundle-client.mjs [folder to write]
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const client = fileURLToPath(new URL('../client/', import.meta.url));
const to = process.argv[2] ?? `${client}dist`;

/** Each bundle on its own: the player's worker is loaded as one file. */
const bundles = [
  { index: `${client}src/index.ts`, 'player/index': `${client}src/player/index.ts` },
  { 'player/worker': `${client}src/player/render/render-worker.ts` },
];

await rm(to, { recursive: true, force: true });
for (const input of bundles) await bundle(input);

async function bundle(input) {
  const bundler = await rolldown({
    input,
    platform: 'neutral',
    external: [/^[^./]/],
    onLog(level, log, handler) {
      // A missing package or export is only a warning to Rolldown; here it fails the build.
      if (level === 'warn') throw new Error(log.message);
      handler(level, log);
    },
  });
  await bundler.write({
    dir: to,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  await bundler.close();
}
