import { type ByteSource, Unplayable } from './byte-source.js';
import { joinBytes } from './bytes.js';

const blockBytes = 128 * 1024;
/** Blocks of one request when a file is read from front to back. */
const blocksAhead = 4;
/** 1.5 MiB: more than the slices that are being made need. */
const maxCachedBlocks = 12;
/** The most that one `read` may ask for. */
const maxReadBytes = 16 * blockBytes;

/** A request that brings nothing for so long is given up, so that another one can follow. */
const stallMs = 10_000;

/** Requests a range; the player's room does it. The signal aborts a request that stalls. */
export type FetchRange = (range: string, signal: AbortSignal) => Promise<Response>;

/**
 * A file behind HTTP, read in blocks that are requested as they are needed. Owned by one track's feed. Holds at most
 * 1.5 MiB of blocks, the ones used last.
 */
export class RangedSource implements ByteSource {
  /** Blocks in the order of their last use. */
  readonly #blocks = new Map<number, Promise<Uint8Array>>();

  private constructor(
    private readonly fetchRange: FetchRange,
    readonly size: number,
  ) {}

  /**
   * Requests the first block, which tells the size.
   * @throws {Unplayable} no_ranges, refused. Other errors are of the network and may be gone at the next attempt
   */
  static async open(fetchRange: FetchRange): Promise<RangedSource> {
    const { bytes, size } = await requestRange(fetchRange, 0, blockBytes);
    const source = new RangedSource(fetchRange, size);
    source.#blocks.set(0, Promise.resolve(bytes));
    return source;
  }

  /** @throws {Unplayable} too_complex for a read of more than 2 MiB, no_ranges, refused */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.size);
    if (!(offset >= 0 && offset < end)) return new Uint8Array();
    if (end - offset > maxReadBytes) throw new Unplayable('too_complex');
    const first = Math.floor(offset / blockBytes);
    const last = Math.floor((end - 1) / blockBytes);
    const parts = await Promise.all(
      Array.from({ length: last - first + 1 }, (_, index) => this.#block(first + index, last)),
    );
    const inFirst = offset - first * blockBytes;
    if (parts.length === 1) return parts[0]!.subarray(inFirst, inFirst + end - offset);
    const joined = new Uint8Array(end - offset);
    parts.forEach((part, index) => {
      const at = (first + index) * blockBytes;
      const from = Math.max(0, offset - at);
      joined.set(part.subarray(from, end - at), at + from - offset);
    });
    return joined;
  }

  #block(number: number, last: number): Promise<Uint8Array> {
    const known = this.#blocks.get(number);
    if (known) {
      this.#blocks.delete(number);
      this.#blocks.set(number, known);
      return known;
    }
    const sequential = this.#blocks.has(number - 1) || last > number;
    this.#request(number, sequential ? Math.max(last, number + blocksAhead - 1) : number);
    return this.#blocks.get(number)!;
  }

  /** Requests the blocks from `first` to `last`, up to the first one that is there. */
  #request(first: number, last: number): void {
    let count = 1;
    while (
      first + count <= last &&
      !this.#blocks.has(first + count) &&
      (first + count) * blockBytes < this.size
    ) {
      count += 1;
    }
    const answer = requestRange(this.fetchRange, first * blockBytes, count * blockBytes);
    for (let index = 0; index < count; index += 1) {
      const block = answer.then(({ bytes }) => {
        const part = bytes.slice(index * blockBytes, (index + 1) * blockBytes);
        const expected = Math.min(blockBytes, this.size - (first + index) * blockBytes);
        if (part.length !== expected) throw new TypeError('short answer');
        return part;
      });
      this.#blocks.set(first + index, block);
      block.catch(() => {
        if (this.#blocks.get(first + index) === block) this.#blocks.delete(first + index);
      });
    }
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= maxCachedBlocks) break;
      this.#blocks.delete(oldest);
    }
  }
}

async function requestRange(
  fetchRange: FetchRange,
  offset: number,
  length: number,
): Promise<{ bytes: Uint8Array; size: number }> {
  const abort = new AbortController();
  const watch = () => setTimeout(() => abort.abort(), stallMs);
  let timer = watch();
  try {
    const response = await fetchRange(`bytes=${offset}-${offset + length - 1}`, abort.signal);
    const size = requireSize(response);
    const bytes = await readBody(response, length, () => {
      clearTimeout(timer);
      timer = watch();
    });
    return { bytes, size };
  } finally {
    clearTimeout(timer);
    // Ends what is left of an answer that is not wanted.
    abort.abort();
  }
}

/** The size of the file, of which the answer is a part. */
function requireSize(response: Response): number {
  if (response.status === 206) {
    const size = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]);
    if (!(size > 0)) throw new Unplayable('no_ranges');
    return size;
  }
  if (response.ok) throw new Unplayable('no_ranges');
  // Too many requests, or the server's fault: worth another attempt.
  if (response.status === 429 || response.status >= 500) {
    throw new TypeError(`status ${response.status}`);
  }
  throw new Unplayable('refused');
}

/** Reads at most `length` bytes; calls `onBytes` whenever some have come. */
async function readBody(response: Response, length: number, onBytes: () => void): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array();
  const parts: Uint8Array[] = [];
  for (let received = 0; received < length;) {
    const { done, value } = await reader.read();
    if (done) break;
    onBytes();
    parts.push(value);
    received += value.length;
  }
  return joinBytes(parts).subarray(0, length);
}
