import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from '@swc/core';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds the server into a temporary folder of this run, for the tests that start it as a process: a build in
 * the project's own folder would be in the way of another run.
 */
export default async function setup(): Promise<void> {
  const out = await mkdtemp(join(tmpdir(), 'roomcast-test-'));
  process.env['ROOMCAST_TEST_BUILD'] = out;
  await symlink(join(root, 'node_modules'), join(out, 'node_modules'));
  await writeFile(join(out, 'package.json'), '{ "type": "module" }');
  const sources = await readdir(join(root, 'src'), { recursive: true });
  await Promise.all(
    sources
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .map(async (name) => {
        const filename = join(root, 'src', name);
        const { code } = await transform(await readFile(filename, 'utf8'), {
          filename,
          configFile: false,
          swcrc: false,
          jsc: {
            parser: { syntax: 'typescript', decorators: true },
            transform: { legacyDecorator: true, decoratorMetadata: true },
            target: 'es2022',
            keepClassNames: true,
          },
          module: { type: 'es6' },
        });
        const target = join(out, 'build', relative(join(root, 'src'), filename)).replace(/\.ts$/, '.js');
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, code);
      }),
  );
  await promisify(execFile)(process.execPath, [
    join(root, 'scripts/bundle.mjs'),
    join(out, 'build'),
    join(out, 'dist'),
  ]);
}
