import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { storageFailureOf } from '../../errors/storage-failure.js';
import { diskFull } from './storage-problems.js';
import type { Reservation } from './storage-quota.js';

/** A file on its way in: on disk, complete, not yet kept. */
export interface Incoming {
  path: string;
  sha256: string;
  size: number;
}

/**
 * Files by the SHA-256 of their content, so that the same file is stored once: `<data>/files/ab/abcd…`.
 * Uploads go through `<data>/uploads`, which is emptied at start. What was found in `files` and belongs to nothing
 * is put aside in `<data>/trash/<date>-<sha256>`, from where it can be restored.
 */
@Injectable()
export class FileStore implements OnModuleInit {
  readonly #files: string;
  readonly #uploads: string;
  readonly #trash: string;

  constructor(@Inject(SETTINGS) settings: Settings) {
    this.#files = join(settings.dataDir, 'files');
    this.#uploads = join(settings.dataDir, 'uploads');
    this.#trash = join(settings.dataDir, 'trash');
  }

  async onModuleInit(): Promise<void> {
    // Left over from an earlier process.
    await rm(this.#uploads, { recursive: true, force: true });
    await mkdir(this.#uploads, { recursive: true });
    await mkdir(this.#files, { recursive: true });
    await mkdir(this.#trash, { recursive: true });
  }

  /** Where a kept file is. */
  path(sha256: string): string {
    return join(this.#files, sha256.slice(0, 2), sha256);
  }

  /**
   * Writes a stream to disk, never holding more than a chunk. Leaves nothing behind where it breaks off.
   * @throws {Problem} storage_full
   */
  async receive(stream: Readable, room: Reservation): Promise<Incoming> {
    const path = join(this.#uploads, uuid());
    const hash = createHash('sha256');
    const file = createWriteStream(path, { flags: 'wx' });
    // What reads the form sees the stream's own error before ours: it has to say why, not that it was aborted.
    file.once('error', (error) => stream.destroy(asDiskFull(error) as Error));
    let size = 0;
    try {
      await pipeline(
        stream,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            room.wrote(file.bytesWritten);
            await room.take(chunk.length).catch((error: Error) => {
              stream.destroy(error);
              throw error;
            });
            hash.update(chunk);
            size += chunk.length;
            yield chunk;
          }
        },
        file,
      );
    } catch (error) {
      await rm(path, { force: true });
      throw asDiskFull(error);
    }
    room.wrote(size);
    return { path, sha256: hash.digest('hex'), size };
  }

  /** Forgets an incoming file. */
  async discard({ path }: Pick<Incoming, 'path'>): Promise<void> {
    await rm(path, { force: true });
  }

  /** Keeps an incoming file, or drops it where its content is there already. @throws {Problem} storage_full */
  async keep({ path, sha256 }: Incoming): Promise<void> {
    const kept = this.path(sha256);
    try {
      if (await exists(kept)) {
        await rm(path, { force: true });
        return;
      }
      await mkdir(join(kept, '..'), { recursive: true });
      await rename(path, kept);
    } catch (error) {
      throw asDiskFull(error);
    }
  }

  /** Keeps some bytes, whose SHA-256 is known. @throws {Problem} storage_full */
  async keepBytes(bytes: Uint8Array, sha256: string): Promise<void> {
    const path = join(this.#uploads, uuid());
    try {
      await writeFile(path, bytes, { flag: 'wx' });
      await this.keep({ path, sha256, size: bytes.length });
    } catch (error) {
      await rm(path, { force: true });
      throw asDiskFull(error);
    }
  }

  async remove(sha256: string): Promise<void> {
    await rm(this.path(sha256), { force: true });
  }

  /** The SHA-256 of every kept file. */
  async *list(): AsyncIterable<string> {
    for (const folder of await readdir(this.#files)) {
      for (const name of await readdir(join(this.#files, folder))) if (isSha256.test(name)) yield name;
    }
  }

  /** Puts a kept file aside. @param now Unix seconds */
  async putAside(sha256: string, now: number): Promise<void> {
    const day = new Date(now * 1000).toISOString().slice(0, 10);
    await rename(this.path(sha256), join(this.#trash, `${day}-${sha256}`));
  }

  /** What was put aside; `day` is the first moment of the day, in Unix seconds. */
  async listAside(): Promise<{ name: string; sha256: string; day: number }[]> {
    return (await readdir(this.#trash)).flatMap((name) => {
      const [, date, sha256] = /^(\d{4}-\d\d-\d\d)-([0-9a-f]{64})$/.exec(name) ?? [];
      return date && sha256 ? [{ name, sha256, day: Date.parse(date) / 1000 }] : [];
    });
  }

  /** Brings back what was put aside. */
  async restore({ name, sha256 }: { name: string; sha256: string }): Promise<void> {
    await mkdir(join(this.path(sha256), '..'), { recursive: true });
    await rename(join(this.#trash, name), this.path(sha256));
  }

  async removeAside(name: string): Promise<void> {
    await rm(join(this.#trash, name), { force: true });
  }

  /** Writes a small file and removes it again. @throws what the file system says */
  async probe(): Promise<void> {
    const path = join(this.#uploads, uuid());
    try {
      // A block: of a few bytes some file systems make none.
      await writeFile(path, Buffer.alloc(4096, 1), { flag: 'wx' });
    } finally {
      await rm(path, { force: true });
    }
  }
}

const isSha256 = /^[0-9a-f]{64}$/;

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const asDiskFull = (error: unknown): unknown =>
  storageFailureOf(error) === 'disk_full' ? diskFull() : error;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
