import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';

/** A file on its way in: on disk, complete, not yet kept. */
export interface Incoming {
  path: string;
  sha256: string;
  size: number;
}

/**
 * Files by the SHA-256 of their content, so that the same file is stored once: `<data>/files/ab/abcd…`.
 * Uploads go through `<data>/uploads`, which is emptied at start.
 */
@Injectable()
export class FileStore implements OnModuleInit {
  readonly #files: string;
  readonly #uploads: string;

  constructor(@Inject(SETTINGS) settings: Settings) {
    this.#files = join(settings.dataDir, 'files');
    this.#uploads = join(settings.dataDir, 'uploads');
  }

  async onModuleInit(): Promise<void> {
    // What an earlier process did not finish, nobody will.
    await rm(this.#uploads, { recursive: true, force: true });
    await mkdir(this.#uploads, { recursive: true });
    await mkdir(this.#files, { recursive: true });
  }

  /** Where a kept file is. */
  path(sha256: string): string {
    return join(this.#files, sha256.slice(0, 2), sha256);
  }

  /** Writes a stream to disk, never holding more than a chunk. Leaves nothing behind where it breaks off. */
  async receive(stream: Readable): Promise<Incoming> {
    const path = join(this.#uploads, uuid());
    const hash = createHash('sha256');
    let size = 0;
    try {
      await pipeline(
        stream,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            size += chunk.length;
            yield chunk;
          }
        },
        createWriteStream(path, { flags: 'wx' }),
      );
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return { path, sha256: hash.digest('hex'), size };
  }

  /** Forgets an incoming file. */
  async discard({ path }: Pick<Incoming, 'path'>): Promise<void> {
    await rm(path, { force: true });
  }

  /** Keeps an incoming file, or drops it where its content is there already. */
  async keep({ path, sha256 }: Incoming): Promise<void> {
    const kept = this.path(sha256);
    if (await exists(kept)) {
      await rm(path, { force: true });
      return;
    }
    await mkdir(join(kept, '..'), { recursive: true });
    await rename(path, kept);
  }

  /** Keeps some bytes, whose SHA-256 is known. */
  async keepBytes(bytes: Uint8Array, sha256: string): Promise<void> {
    const path = join(this.#uploads, uuid());
    await writeFile(path, bytes, { flag: 'wx' });
    await this.keep({ path, sha256, size: bytes.length });
  }

  async remove(sha256: string): Promise<void> {
    await rm(this.path(sha256), { force: true });
  }

  /** The SHA-256 of every kept file. */
  async *list(): AsyncIterable<string> {
    for (const folder of await readdir(this.#files)) {
      for (const name of await readdir(join(this.#files, folder))) yield name;
    }
  }
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
