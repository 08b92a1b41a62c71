import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { asDiskFull } from './storage-problems.js';
import type { Reservation } from './storage-quota.js';

/** An uploaded file that is complete, in a local temporary file, and not stored yet. */
export interface ReceivedFile {
  path: string;
  sha256: string;
  sizeBytes: number;
}

/**
 * The temporary files of uploads in progress, `<data>/uploads`. The folder is emptied at start. Whoever receives a
 * file discards it, whether it was stored or not.
 */
@Injectable()
export class UploadFolder implements OnModuleInit {
  readonly #folder: string;

  constructor(@Inject(SETTINGS) { dataDir }: Settings) {
    this.#folder = join(dataDir, 'uploads');
  }

  async onModuleInit(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await mkdir(this.#folder, { recursive: true });
  }

  /**
   * Writes a stream to a temporary file, with at most a chunk of it in memory. If this throws, no file is left.
   * @throws {Problem} storage_full
   */
  async receive(stream: Readable, reservation: Reservation): Promise<ReceivedFile> {
    const path = join(this.#folder, uuid());
    const hash = createHash('sha256');
    const file = createWriteStream(path, { flags: 'wx' });
    // Multer reports the first error that the form's stream has. Without this it would be that the stream was aborted,
    // and not that the disk is full.
    file.once('error', (error) => stream.destroy(asDiskFull(error) as Error));
    let sizeBytes = 0;
    try {
      await pipeline(
        stream,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            reservation.wrote(file.bytesWritten);
            await reservation.take(chunk.length).catch((error: Error) => {
              stream.destroy(error);
              throw error;
            });
            hash.update(chunk);
            sizeBytes += chunk.length;
            yield chunk;
          }
        },
        file,
      );
    } catch (error) {
      await rm(path, { force: true });
      throw asDiskFull(error);
    }
    reservation.wrote(sizeBytes);
    return { path, sha256: hash.digest('hex'), sizeBytes };
  }

  /** Deletes a received file. Does nothing if it was moved into the store. */
  async discard({ path }: Pick<ReceivedFile, 'path'>): Promise<void> {
    await rm(path, { force: true });
  }

  /** Writes a small file and deletes it. @throws the error of the file system */
  async probe(): Promise<void> {
    const path = join(this.#folder, uuid());
    try {
      // One block: some file systems store the content of smaller files without allocating one.
      await writeFile(path, Buffer.alloc(4096, 1), { flag: 'wx' });
    } finally {
      await rm(path, { force: true });
    }
  }
}
