import { type ByteSource, Unplayable } from './byte-source.js';
import { joinBytes, latin1, viewOf } from './bytes.js';

/** One page of an Ogg file. */
export interface OggPage {
  offset: number;
  bytes: number;
  serial: number;
  /** Samples at the end of the last packet that ends on the page; undefined if none ends there. */
  granule: number | undefined;
  /** Whether the first packet began on an earlier page, whether the stream begins, and whether it ends. */
  continued: boolean;
  first: boolean;
  last: boolean;
  /** The parts of packets on the page; the last part may go on on the next page. */
  parts: Uint8Array[];
  open: boolean;
}

const headerBytes = 27;
const maxPageBytes = headerBytes + 255 + 255 * 255;
/** Bytes without a page that are skipped. */
const maxGapBytes = 1024 * 1024;
/** Bytes of a file that look like a page and have a wrong checksum, in total. */
const maxWastedBytes = 4 * 1024 * 1024;

const crcTable = new Uint32Array(256);
for (let index = 0; index < 256; index += 1) {
  let crc = index << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  crcTable[index] = crc >>> 0;
}

/** The checksum of a page whose own checksum is zero. */
function checksum(page: Uint8Array): number {
  let crc = 0;
  for (const byte of page) crc = ((crc << 8) ^ crcTable[(crc >>> 24) ^ byte]!) >>> 0;
  return crc;
}

/** Reads the pages of one file. Owned by one demuxer; limits the bytes that turn out to be no pages. */
export class OggPages {
  #wasted = 0;

  constructor(private readonly file: ByteSource) {}

  get size(): number {
    return this.file.size;
  }

  /**
   * The first page at or behind an offset that fits.
   * @returns undefined behind the last one
   * @throws {Unplayable} too_complex if there are too many other bytes
   */
  async find(offset: number, fits: (page: OggPage) => boolean): Promise<OggPage | undefined> {
    let skipped = 0;
    for (let at = offset; at < this.file.size;) {
      const page = await this.#read(at);
      if (page && fits(page)) return page;
      let step = page?.bytes;
      if (step === undefined) {
        const bytes = await this.file.read(at + 1, maxPageBytes);
        let next = bytes.indexOf(0x4f);
        while (next >= 0 && bytes[next + 1] !== 0x67) next = bytes.indexOf(0x4f, next + 1);
        step = next >= 0 ? next + 1 : Math.max(1, bytes.length - 3);
      }
      at += step;
      skipped += step;
      if (skipped > maxGapBytes) throw new Unplayable('too_complex');
    }
    return undefined;
  }

  /** The page at an offset; undefined if there is no whole page with a right checksum. */
  async #read(offset: number): Promise<OggPage | undefined> {
    const bytes = await this.file.read(offset, maxPageBytes);
    if (bytes.length < headerBytes || latin1(bytes, 0, 4) !== 'OggS' || bytes[4] !== 0) return undefined;
    const view = viewOf(bytes);
    const segments = bytes[26]!;
    const lacing = bytes.subarray(headerBytes, headerBytes + segments);
    const length = lacing.reduce((sum, size) => sum + size, headerBytes + segments);
    if (length > bytes.length) return undefined;
    const page = Uint8Array.from(bytes.subarray(0, length));
    page.fill(0, 22, 26);
    if (checksum(page) !== view.getUint32(22, true)) {
      this.#wasted += length;
      if (this.#wasted > maxWastedBytes) throw new Unplayable('too_complex');
      return undefined;
    }
    return parsePage(page, offset);
  }
}

function parsePage(page: Uint8Array, offset: number): OggPage {
  const view = viewOf(page);
  const segments = page[26]!;
  const parts: Uint8Array[] = [];
  let begin = headerBytes + segments;
  let end = begin;
  for (let index = 0; index < segments; index += 1) {
    const size = page[headerBytes + index]!;
    end += size;
    if (size === 255 && index < segments - 1) continue;
    parts.push(page.subarray(begin, end));
    begin = end;
  }
  const granule = view.getBigInt64(6, true);
  return {
    offset,
    bytes: page.length,
    serial: view.getUint32(14, true),
    granule: granule < 0n ? undefined : Number(granule),
    continued: (page[5]! & 1) !== 0,
    first: (page[5]! & 2) !== 0,
    last: (page[5]! & 4) !== 0,
    parts,
    open: segments > 0 && page[headerBytes + segments - 1] === 255,
  };
}

/** Writes pages of one stream, each with whole packets. */
export class OggWriter {
  readonly #pages: Uint8Array[] = [];
  #sequence = 0;

  /** Adds packets that fit on one page, or one packet of any length. */
  add(
    packets: readonly Uint8Array[],
    granule: number,
    flags: { first?: boolean; last?: boolean } = {},
  ): void {
    const lacing: number[] = [];
    for (const packet of packets) {
      for (let left = packet.length; left >= 0; left -= 255) lacing.push(Math.min(left, 255));
    }
    const body = joinBytes(packets);
    let written = 0;
    for (let at = 0; at < lacing.length; at += 255) {
      const part = lacing.slice(at, at + 255);
      const bytes = part.reduce((sum, size) => sum + size, 0);
      const ends = at + 255 >= lacing.length;
      const type = (at > 0 ? 1 : 0) | (flags.first && at === 0 ? 2 : 0) | (flags.last && ends ? 4 : 0);
      this.#page(type, part, body.subarray(written, written + bytes), ends ? granule : -1);
      written += bytes;
    }
  }

  finish(): Uint8Array<ArrayBuffer> {
    return joinBytes(this.#pages);
  }

  #page(type: number, lacing: number[], body: Uint8Array, granule: number): void {
    const page = new Uint8Array(headerBytes + lacing.length + body.length);
    const view = viewOf(page);
    view.setUint32(0, 0x4f676753);
    page[5] = type;
    view.setBigInt64(6, BigInt(granule), true);
    view.setUint32(14, 1, true);
    view.setUint32(18, this.#sequence, true);
    page[26] = lacing.length;
    page.set(lacing, headerBytes);
    page.set(body, headerBytes + lacing.length);
    view.setUint32(22, checksum(page), true);
    this.#pages.push(page);
    this.#sequence += 1;
  }
}
