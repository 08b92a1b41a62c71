// Builds the page with the client library as it is now into a folder of its own, as tests need it: without a file in
// the folders of the project.
//   node scripts/build-page.mjs <folder to write>
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const to = resolve(process.argv[2]);
const client = join(to, 'client');
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

execFileSync(process.execPath, [here('bundle-client.mjs'), client], { stdio: 'inherit' });
const entries = { '': 'index', '/player': 'player/index', '/player-worker': 'player/worker' };
await build({
  root: here('../web'),
  logLevel: 'warn',
  resolve: {
    alias: Object.entries(entries).map(([name, file]) => ({
      find: new RegExp(`^@roomcast/client${name}(?=\\?|$)`),
      replacement: join(client, `${file}.js`),
    })),
  },
  build: { outDir: join(to, 'dist') },
});
