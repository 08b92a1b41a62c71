import { type ByteSource, Unplayable } from './byte-source.js';
import { latin1, viewOf } from './bytes.js';

/** A box of an MP4 file; offsets are of its content. */
export interface Mp4Box {
  type: string;
  start: number;
  end: number;
}

const maxBoxes = 10_000;
/** A sample table: 2 million samples of four bytes are 13 hours. */
const maxTableBytes = 8 * 1024 * 1024;
const readBytes = 1024 * 1024;

/** Walks through the boxes of one file. Owned by one demuxer; counts what it walks through. */
export class BoxReader {
  #boxes = 0;

  constructor(private readonly file: ByteSource) {}

  /** The whole file as a box. */
  get root(): Mp4Box {
    return { type: 'root', start: 0, end: this.file.size };
  }

  /** The boxes in a box, from an offset of its content on. A box that is longer than the one around it is cut. */
  async children(parent: Mp4Box, skip = 0): Promise<Mp4Box[]> {
    const found: Mp4Box[] = [];
    for await (const box of this.#walk(parent, skip)) found.push(box);
    return found;
  }

  /** The first box at a path of types, undefined if there is none. */
  async find(parent: Mp4Box, ...path: string[]): Promise<Mp4Box | undefined> {
    const [type, ...rest] = path;
    if (type === undefined) return parent;
    for await (const box of this.#walk(parent, 0)) {
      if (box.type === type) return this.find(box, ...rest);
    }
    return undefined;
  }

  /** The content of a box; empty without one. @throws {Unplayable} too_complex */
  async content(box: Mp4Box | undefined, maxBytes = maxTableBytes): Promise<DataView> {
    const length = box ? box.end - box.start : 0;
    if (length > maxBytes) throw new Unplayable('too_complex');
    const bytes = new Uint8Array(length);
    for (let at = 0; box && at < length; at += readBytes) {
      bytes.set(await this.file.read(box.start + at, Math.min(readBytes, length - at)), at);
    }
    return viewOf(bytes);
  }

  async *#walk(parent: Mp4Box, skip: number): AsyncGenerator<Mp4Box> {
    let at = parent.start + skip;
    while (at + 8 <= parent.end) {
      this.#boxes += 1;
      if (this.#boxes > maxBoxes) throw new Unplayable('too_complex');
      const header = await this.file.read(at, 16);
      if (header.length < 8) return;
      const view = viewOf(header);
      let size = view.getUint32(0);
      let headerBytes = 8;
      if (size === 1 && header.length === 16) {
        size = Number(view.getBigUint64(8));
        headerBytes = 16;
      }
      if (size === 0) size = parent.end - at;
      if (size < headerBytes) throw new Unplayable('damaged');
      yield { type: latin1(header, 4, 8), start: at + headerBytes, end: Math.min(at + size, parent.end) };
      at += size;
    }
  }
}
