import { createWriteStream } from 'node:fs';
import { access, type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import {
  AudioStore,
  type ByteRange,
  type FileContent,
  type FileReader,
  type OpenedFile,
  type TrashedFile,
} from './audio-store.js';
import { asDiskFull } from './storage-problems.js';

const sha256Pattern = /^[0-9a-f]{64}$/;

/**
 * The audio store in the data folder: `files/ab/abcd…` by key, `trash/<date>-<key>` for what is in the trash.
 * Streams are written to `files/.partial` and renamed when they are complete, so that a file below `files` is always
 * whole. Local files are renamed too, so they have to be on the same volume.
 */
@Injectable()
export class FolderAudioStore extends AudioStore implements OnModuleInit {
  readonly #files: string;
  readonly #partial: string;
  readonly #trash: string;

  constructor(@Inject(SETTINGS) { dataDir }: Settings) {
    super();
    this.#files = join(dataDir, 'files');
    this.#partial = join(dataDir, 'files', '.partial');
    this.#trash = join(dataDir, 'trash');
  }

  async onModuleInit(): Promise<void> {
    // Left by a process that was killed during a put.
    await rm(this.#partial, { recursive: true, force: true });
    await mkdir(this.#files, { recursive: true });
    await mkdir(this.#trash, { recursive: true });
  }

  async put(key: string, sizeBytes: number, content: FileContent): Promise<void> {
    const path = this.#path(key);
    try {
      if (await exists(path)) return;
      await mkdir(dirname(path), { recursive: true });
      if ('path' in content) await rename(content.path, path);
      else await this.#write(content.stream, sizeBytes, path);
    } catch (error) {
      throw asDiskFull(error);
    } finally {
      if ('stream' in content) content.stream.destroy();
    }
  }

  async open(key: string, range?: ByteRange): Promise<OpenedFile> {
    const path = this.#path(key);
    const file = await openIfExists(path);
    if (file === undefined) return { status: 'missing', location: path };
    try {
      const { size: totalBytes } = await file.stat();
      const { first, last } = resolve(range ?? { first: 0 }, totalBytes);
      if (range !== undefined && first > last) {
        await file.close();
        return { status: 'range_not_satisfiable', totalBytes };
      }
      // The reader owns the file from here on.
      return { status: 'opened', totalBytes, first, last, reader: readerOf(file, first, last) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  async *list(): AsyncIterable<string> {
    for (const folder of await readdir(this.#files)) {
      for (const name of await readdir(join(this.#files, folder))) if (sha256Pattern.test(name)) yield name;
    }
  }

  async moveToTrash(key: string, now: number): Promise<void> {
    await rename(this.#path(key), this.#trashPath({ key, day: now }));
  }

  async listTrash(): Promise<TrashedFile[]> {
    return (await readdir(this.#trash)).flatMap((name) => {
      const [, date, key] = /^(\d{4}-\d\d-\d\d)-([0-9a-f]{64})$/.exec(name) ?? [];
      return date && key ? [{ key, day: Date.parse(date) / 1000 }] : [];
    });
  }

  async restore(file: TrashedFile): Promise<void> {
    const path = this.#path(file.key);
    await mkdir(dirname(path), { recursive: true });
    await rename(this.#trashPath(file), path);
  }

  async deleteFromTrash(file: TrashedFile): Promise<void> {
    await rm(this.#trashPath(file), { force: true });
  }

  async #write(stream: Readable, sizeBytes: number, path: string): Promise<void> {
    await mkdir(this.#partial, { recursive: true });
    const partial = join(this.#partial, uuid());
    const file = createWriteStream(partial, { flags: 'wx' });
    try {
      await pipeline(stream, file);
      if (file.bytesWritten !== sizeBytes) {
        throw new Error(`a file of ${sizeBytes} bytes was announced, ${file.bytesWritten} bytes came`);
      }
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  #path(key: string): string {
    return join(this.#files, key.slice(0, 2), key);
  }

  #trashPath({ key, day }: TrashedFile): string {
    return join(this.#trash, `${new Date(day * 1000).toISOString().slice(0, 10)}-${key}`);
  }
}

/** The bytes that a range selects of a file; none if `first` is greater than `last`. */
function resolve(range: ByteRange, totalBytes: number): { first: number; last: number } {
  const end = totalBytes - 1;
  return 'suffixBytes' in range
    ? { first: Math.max(0, totalBytes - range.suffixBytes), last: end }
    : { first: range.first, last: Math.min(range.last ?? end, end) };
}

function readerOf(file: FileHandle, first: number, last: number): FileReader {
  let position = first;
  return {
    async read(into) {
      const length = Math.min(into.length, last + 1 - position);
      if (length <= 0) return 0;
      const { bytesRead } = await file.read(into, 0, length, position);
      position += bytesRead;
      return bytesRead;
    },
    close: () => file.close(),
  };
}

async function openIfExists(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
