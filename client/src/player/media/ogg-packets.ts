import { Unplayable } from './byte-source.js';
import { joinBytes } from './bytes.js';
import type { OggCodec } from './ogg-codecs.js';
import type { OggPage, OggPages } from './ogg-pages.js';

/** A packet and where it is: samples count from the beginning of the stream, as the pages count them. */
export interface OggPacket {
  bytes: Uint8Array;
  start: number;
  samples: number;
}

const maxPacketBytes = 1024 * 1024;

/**
 * Reads the packets of one stream from a page on. Owned by one demuxer, which makes a new one to read elsewhere.
 */
export class PacketReader {
  #partial: Uint8Array[] = [];
  #partialBytes = 0;
  #previous: Uint8Array | undefined;
  /** Where the next packet begins; undefined until a page tells. */
  #position: number | undefined;
  #ended = false;

  /**
   * @param at offset of a page
   * @param fromStart whether that page is the first with audio; else its first packets may be incomplete
   */
  constructor(
    private readonly pages: OggPages,
    private readonly serial: number,
    private readonly codec: OggCodec,
    private at: number,
    private readonly fromStart: boolean,
  ) {}

  /** The packets that end on the next page; null behind the last page. Packets whose place is not known are left out. */
  async nextPage(): Promise<OggPacket[] | null> {
    for (;;) {
      const page = this.#ended
        ? undefined
        : await this.pages.find(this.at, ({ serial }) => serial === this.serial);
      if (!page) return null;
      this.at = page.offset + page.bytes;
      this.#ended = page.last;
      const packets = this.#place(this.#complete(page), page);
      if (packets.length > 0) return packets;
    }
  }

  /** Puts the parts of packets together. */
  #complete(page: OggPage): Uint8Array[] {
    const complete: Uint8Array[] = [];
    if (!page.continued) this.#drop();
    page.parts.forEach((part, index) => {
      const begun = index > 0 || !page.continued || this.#partial.length > 0;
      this.#partial.push(part);
      this.#partialBytes += part.length;
      if (this.#partialBytes > maxPacketBytes) throw new Unplayable('too_complex');
      if (index === page.parts.length - 1 && page.open) return;
      if (begun) complete.push(joinBytes(this.#partial));
      this.#drop();
    });
    return complete;
  }

  #drop(): void {
    this.#partial = [];
    this.#partialBytes = 0;
  }

  #place(complete: readonly Uint8Array[], page: OggPage): OggPacket[] {
    const first = this.#previous === undefined;
    const packets = complete.map((bytes) => {
      const samples = this.codec.samplesOf(bytes, this.#previous);
      this.#previous = bytes;
      return { bytes, start: 0, samples };
    });
    const total = packets.reduce((sum, { samples }) => sum + samples, 0);
    const { granule } = page;
    if (granule !== undefined && !page.last) this.#position = granule - total;
    else if (granule !== undefined && this.#position === undefined) {
      // The only page, whose end may be cut: it begins at 0.
      this.#position = this.fromStart ? 0 : granule - total;
    }
    if (this.#position === undefined) return [];
    for (const packet of packets) {
      packet.start = this.#position;
      this.#position += packet.samples;
    }
    if (page.last && granule !== undefined) cutAt(granule, packets);
    // Read from the middle, the first packet lacks the one before it, and its length is not known.
    return first && !this.fromStart ? packets.slice(1) : packets;
  }
}

/** Shortens the last packets to where the stream ends. */
function cutAt(end: number, packets: OggPacket[]): void {
  for (const packet of packets) {
    packet.start = Math.min(packet.start, Math.max(end, packets[0]!.start));
    packet.samples = Math.max(0, Math.min(packet.samples, end - packet.start));
  }
}
