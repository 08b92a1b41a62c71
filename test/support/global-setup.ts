import { execFile } from 'node:child_process';
import { mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds the server into a temporary folder of this run, for the tests that start it as a process and for those that
 * load its modules: a build in the project's own folder would be in the way of another run.
 */
export default async function setup(): Promise<void> {
  const out = await mkdtemp(join(tmpdir(), 'roomcast-test-'));
  process.env['ROOMCAST_TEST_BUILD'] = out;
  await symlink(join(root, 'node_modules'), join(out, 'node_modules'));
  await writeFile(join(out, 'package.json'), '{ "type": "module" }');
  await promisify(execFile)(process.execPath, [join(root, 'test/support/modules/build.mjs'), out]);
}
