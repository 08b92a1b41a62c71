// Bundles the compiled server and its packages into a few files. The server then starts in less than half the time,
// because Node opens a few files instead of two thousand.
//   node scripts/bundle.mjs build dist
import { rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundlerOf, output } from './bundling.mjs';

/** Entry points: the server, and what inspects and decodes uploads outside of its thread. */
const entries = [
  'main',
  'tracks/inspection/worker',
  'tracks/analysis/worker',
  'tracks/analysis/cover-process',
];

const [from, to] = process.argv.slice(2).map((folder) => resolve(folder));
if (!from || !to) {
  console.error('usage: node scripts/bundle.mjs <folder of the compiled server> <folder to write>');
  process.exit(2);
}

// Keyed by relative path, so that the server finds the worker at the same relative path, bundled or not.
const bundler = await bundlerOf({
  input: Object.fromEntries(entries.map((name) => [name, join(from, `${name}.js`)])),
});
// Written to a new folder first, so that a failed build leaves the previous one.
const fresh = `${to}.new`;
await rm(fresh, { recursive: true, force: true });
await bundler.write({ dir: fresh, ...output });
await bundler.close();
await rm(to, { recursive: true, force: true });
await rename(fresh, to);
