import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

/**
 * A range of a file's bytes. `last` is included and may be beyond the end of the file; without it the range goes to
 * the end. `suffixBytes` selects that many bytes at the end, or the whole file if it is shorter.
 */
export type ByteRange = { first: number; last?: number } | { suffixBytes: number };

/** The content of a file to be stored: a finished local file, or a stream. */
export type FileContent = { path: string } | { stream: Readable };

/**
 * Reads an opened file from its first byte to its last. A pull into the caller's buffer, not a stream: whoever sends to
 * slow readers needs one buffer for each of them, and no new one for each chunk.
 */
export interface FileReader {
  /** Reads up to as many bytes as the buffer has. Not to be called again before it has resolved. @returns 0 at the end */
  read(into: Buffer): Promise<number>;
  /** Has to be called: until then the reader holds a file descriptor or a connection. */
  close(): Promise<void>;
}

export type OpenedFile =
  | {
      status: 'opened';
      totalBytes: number;
      /** The bytes that the reader yields, `last` included. */
      first: number;
      last: number;
      reader: FileReader;
    }
  | { status: 'range_not_satisfiable'; totalBytes: number }
  /** `location` says where the file should be. It is for the log only. */
  | { status: 'missing'; location: string };

export interface TrashedFile {
  key: string;
  /** The start of the UTC day on which the file was moved to the trash, in Unix seconds. */
  day: number;
}

/**
 * Stores audio files and covers. Owned by the tracks module; `TrackFiles` decides when a file is stored and removed,
 * `FileSender` reads. An implementation guarantees:
 *
 * - A file's key is the SHA-256 of its content in lowercase hex, so a stored file never changes.
 * - A file can be opened and listed either completely or not at all, also after a crash.
 * - How and where files are stored is known to the store alone: no path of a stored file leaves it.
 *
 * It does not know which files are in use, and does not lock: storing and removing one key at the same time is
 * serialised by the caller. test/support/audio-store-contract.ts tests all of this for every implementation.
 */
export abstract class AudioStore {
  /**
   * Stores a file. A key that is stored already keeps its file. If this throws, nothing is stored. A local file may be
   * moved into the store; if it is left, removing it is up to the caller.
   * @param sizeBytes the size of the content; a stream of another length is an error
   * @throws {Problem} storage_full
   */
  abstract put(key: string, sizeBytes: number, content: FileContent): Promise<void>;

  /** Opens a file for reading, whole or a range of it. A missing file is a result, any other failure is thrown. */
  abstract open(key: string, range?: ByteRange): Promise<OpenedFile>;

  /** Deletes a file. Does nothing if there is none. */
  abstract remove(key: string): Promise<void>;

  /** The keys of all stored files, in no particular order. Files in the trash are not among them. */
  abstract list(): AsyncIterable<string>;

  /** Moves a file to the trash. @param now Unix seconds */
  abstract moveToTrash(key: string, now: number): Promise<void>;

  abstract listTrash(): Promise<TrashedFile[]>;

  /** Moves a file from the trash back to the stored files. */
  abstract restore(file: TrashedFile): Promise<void>;

  abstract deleteFromTrash(file: TrashedFile): Promise<void>;
}

/** The key of a file with this content. */
export const keyOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
