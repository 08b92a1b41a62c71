import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from './listener.js';
import { pageFolder } from './server.js';

/** For `beforeAll`: the build takes a few seconds, many more while other tests run. */
export const pageTimeoutMs = 120_000;

const script = fileURLToPath(new URL('../../scripts/build-page.mjs', import.meta.url));

/**
 * The folder of the page, built once in each run by the first test that asks for it. Servers that tests start serve it
 * from then on, those in processes of their own too.
 */
export async function builtPage(): Promise<URL> {
  const folder = fileURLToPath(pageFolder);
  const work = join(process.env['ROOMCAST_TEST_BUILD']!, 'page');
  const failed = join(work, 'failed');
  const isFirst = await mkdir(work).then(
    () => true,
    () => false,
  );
  if (isFirst) {
    try {
      await promisify(execFile)(process.execPath, [script, work]);
      await mkdir(join(folder, '..'), { recursive: true });
      // At once, so that other processes find the whole of it or nothing.
      await rename(join(work, 'dist'), folder);
    } catch (error) {
      await writeFile(failed, String(error));
      throw error;
    }
  } else {
    await eventually(() => existsSync(folder) || existsSync(failed), 'the page is built', pageTimeoutMs);
    if (existsSync(failed)) throw new Error('another test could not build the page');
  }
  return pageFolder;
}
