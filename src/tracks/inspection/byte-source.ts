import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { cutOff } from './inspection.js';

export const windowBytes = 64 * 1024;
const nothing = Buffer.alloc(0);

/**
 * Bytes of a file or of a buffer, read synchronously: the worker has nothing else to do. Of a file, one window is
 * held; a returned buffer is a view into it that the next call may overwrite, so copy what has to stay.
 */
export class ByteSource {
  #memory = nothing;
  #windowStart = 0;
  #window: Buffer;

  private constructor(
    readonly size: number,
    private readonly fd: number | undefined,
    window: Buffer,
  ) {
    this.#window = window;
  }

  /** The caller closes it. */
  static open(path: string): ByteSource {
    const fd = openSync(path, 'r');
    return new ByteSource(fstatSync(fd).size, fd, nothing);
  }

  static of(bytes: Buffer): ByteSource {
    return new ByteSource(bytes.length, undefined, bytes);
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
  }

  /** Up to `length` bytes at `offset`: fewer at the end, none beyond it. */
  at(offset: number, length: number): Buffer {
    const available = Math.min(length, this.size - offset);
    if (available <= 0) return nothing;
    const start = offset - this.#windowStart;
    if (start >= 0 && start + available <= this.#window.length) {
      return this.#window.subarray(start, start + available);
    }
    this.#load(offset, available);
    return this.#window.subarray(0, available);
  }

  /** Exactly `length` bytes. @throws {Refusal} unreadable_audio where the file ends before */
  exactly(offset: number, length: number): Buffer {
    const bytes = this.at(offset, length);
    if (bytes.length < length) throw cutOff();
    return bytes;
  }

  /** A copy, which stays. @throws {Refusal} unreadable_audio where the file ends before */
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
      if (read === 0) throw cutOff();
      filled += read;
    }
  }
}
