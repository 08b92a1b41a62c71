import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, rmdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SmallDisk {
  path: string;
  freeBytes(): Promise<number>;
  resize(megabytes: number): Promise<void>;
  /** Fills it to the last byte with one file. */
  fill(): Promise<void>;
  /** Removes the file that fills it, if there is one. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** A file system of its own, in memory, of so many megabytes. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'roomcast-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path]);
  } catch {
    await rmdir(path);
    throw new Error(
      'A small disk is needed for this test: run it as root, in a container with --cap-add SYS_ADMIN, so that it can mount a tmpfs',
    );
  }
  const unmount = () => spawnSync('umount', ['--lazy', path]);
  const filler = join(path, 'filler');
  // However the test run ends.
  process.once('exit', unmount);
  return {
    path,
    async freeBytes() {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
    async resize(to) {
      await run('mount', ['-o', `remount,size=${to}m`, path]);
    },
    async fill() {
      const file = createWriteStream(filler, { highWaterMark: 4096 });
      const full = once(file, 'error') as Promise<[NodeJS.ErrnoException]>;
      const page = Buffer.alloc(4096, 1);
      const write = () => {
        if (!file.destroyed) file.write(page, (error) => error ?? write());
      };
      write();
      const [{ code }] = await full;
      if (code !== 'ENOSPC') throw new Error(`the disk could not be filled: ${code}`);
    },
    async empty() {
      await rm(filler, { force: true });
    },
    async close() {
      process.removeListener('exit', unmount);
      unmount();
      await rmdir(path);
    },
  };
}
