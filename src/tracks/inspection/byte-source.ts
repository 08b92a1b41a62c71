import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { truncated } from './inspection.js';

export const windowBytes = 64 * 1024;
const empty = Buffer.alloc(0);

/**
 * Reads a file or a buffer at any offset. Owned by the inspection of one file. It reads synchronously, because the
 * worker thread has nothing else to do. It holds one window of the file in memory: a returned buffer is a view into
 * that window and is valid until the next call. Use `copy` for bytes that are needed longer.
 */
export class ByteSource {
  #memory = empty;
  #windowStart = 0;
  #window: Buffer;

  private constructor(
    readonly size: number,
    private readonly fd: number | undefined,
    window: Buffer,
  ) {
    this.#window = window;
  }

  /** The caller closes the source. */
  static open(path: string): ByteSource {
    const fd = openSync(path, 'r');
    return new ByteSource(fstatSync(fd).size, fd, empty);
  }

  static of(bytes: Buffer): ByteSource {
    return new ByteSource(bytes.length, undefined, bytes);
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
  }

  /** Up to `length` bytes at `offset`; fewer at the end of the file, none beyond it. */
  at(offset: number, length: number): Buffer {
    const available = Math.min(length, this.size - offset);
    if (available <= 0) return empty;
    const start = offset - this.#windowStart;
    if (start >= 0 && start + available <= this.#window.length) {
      return this.#window.subarray(start, start + available);
    }
    this.#load(offset, available);
    return this.#window.subarray(0, available);
  }

  /** Exactly `length` bytes. @throws {Refusal} unreadable_audio if the file ends before */
  exactly(offset: number, length: number): Buffer {
    const bytes = this.at(offset, length);
    if (bytes.length < length) throw truncated();
    return bytes;
  }

  /** A copy of exactly `length` bytes. @throws {Refusal} unreadable_audio if the file ends before */
  copy(offset: number, length: number): Buffer {
    return Buffer.from(this.exactly(offset, length));
  }

  #load(offset: number, needed: number): void {
    const length = Math.min(Math.max(needed, windowBytes), this.size - offset);
    if (length > this.#memory.length || this.#memory.length > windowBytes) {
      this.#memory = Buffer.allocUnsafeSlow(Math.max(length, Math.min(windowBytes, this.size)));
    }
    this.#window = this.#memory.subarray(0, length);
    this.#windowStart = offset;
    let filled = 0;
    while (filled < length) {
      const read = readSync(this.fd!, this.#window, filled, length - filled, offset + filled);
      if (read === 0) throw truncated();
      filled += read;
    }
  }
}
