// Checks the package of the client library as it would be published: what publint and "are the types wrong" say of the
// packed files, and the size of each entry. Run `npm run build` first.
//   npm run client:check
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const client = join(root, 'client');

/** Limits of what a page loads, minified and gzipped, dependencies included: kB of 1000 bytes. */
const limits = { 'index.js': 27, 'player/index.js': 20.5 };

const faults = [];
const { messages, pkg } = await publint({ pkgDir: client, strict: true });
faults.push(...messages.map((message) => `publint: ${formatMessage(message, pkg)}`));

const folder = await mkdtemp(join(tmpdir(), 'roomcast-client-'));
try {
  const npm = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename, files }] = JSON.parse(execFileSync('npm', npm, { cwd: client, encoding: 'utf8' }));
  if (!files.some(({ path }) => path === 'LICENSE')) faults.push('the package has no LICENSE');
  const attw = join(root, 'node_modules/.bin/attw');
  // The worker is a file to be started, not a module to be imported: it has no types.
  execFileSync(
    attw,
    [join(folder, filename), '--profile', 'esm-only', '--exclude-entrypoints', 'player-worker'],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
} catch (error) {
  faults.push(`are the types wrong: ${error.message}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

for (const [entry, limit] of Object.entries(limits)) {
  const bundler = await rolldown({
    input: join(client, 'dist', entry),
    platform: 'browser',
    treeshake: true,
  });
  const { output } = await bundler.generate({ format: 'esm', minify: true });
  await bundler.close();
  const bytes = loadedWith(output).reduce(
    (sum, { code }) => sum + gzipSync(code ?? '', { level: 9 }).length,
    0,
  );
  const size = (bytes / 1000).toFixed(1);
  console.log(`${entry.padEnd(16)} ${size.padStart(5)} kB minified and gzipped, of ${limit} kB`);
  if (bytes > limit * 1000) faults.push(`${entry} has ${size} kB; the limit is ${limit} kB`);
}

/** The chunks that are loaded at once: the entry, and what it imports other than with `import()`. */
function loadedWith(output) {
  const byName = new Map(output.map((chunk) => [chunk.fileName, chunk]));
  const loaded = new Set();
  const visit = (name) => {
    const chunk = byName.get(name);
    if (!chunk || loaded.has(chunk)) return;
    loaded.add(chunk);
    chunk.imports.forEach(visit);
  };
  output.filter(({ isEntry }) => isEntry).forEach(({ fileName }) => visit(fileName));
  return [...loaded];
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
