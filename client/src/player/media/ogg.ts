import type { AudioCodec, AudioSlices, Slice } from './audio-slices.js';
import { bisect, type Mark, readOnSeconds } from './bisect.js';
import { type ByteSource, Unplayable } from './byte-source.js';
import { joinBytes } from './bytes.js';
import { headerCount, isKnownCodec, type OggCodec, readCodec } from './ogg-codecs.js';
import { type OggPacket, PacketReader } from './ogg-packets.js';
import { OggPages, OggWriter } from './ogg-pages.js';

/** Pages of headers: the comments may contain a cover of some megabytes. */
const maxHeaderPages = 1000;
const maxHeaderBytes = 1024 * 1024;
const maxStreams = 32;
/** Pages of some encoders are off by a few samples; more is a gap. */
const roundingSamples = 32;
const tailBytes = 128 * 1024;

/**
 * Takes the first Vorbis or Opus stream of an Ogg file apart.
 * @throws {Unplayable} unsupported, damaged, truncated, too_complex
 */
export async function openOgg(file: ByteSource): Promise<AudioSlices> {
  const pages = new OggPages(file);
  let at = 0;
  for (let stream = 0; stream < maxStreams; stream += 1) {
    const page = await pages.find(at, () => true);
    if (!page?.first) break;
    at = page.offset + page.bytes;
    if (page.parts[0] && isKnownCodec(page.parts[0])) {
      return openStream(pages, page.serial, page.parts[0].slice(), at);
    }
  }
  throw new Unplayable('unsupported');
}

async function openStream(
  pages: OggPages,
  serial: number,
  identification: Uint8Array,
  at: number,
): Promise<AudioSlices> {
  const headers = [identification];
  const wanted = headerCount(identification);
  let parts: Uint8Array[] = [];
  for (let count = 0; headers.length < wanted; count += 1) {
    const page = await pages.find(at, (other) => other.serial === serial);
    if (!page) throw new Unplayable('truncated');
    if (count > maxHeaderPages) throw new Unplayable('too_complex');
    at = page.offset + page.bytes;
    page.parts.forEach((part, index) => {
      // Of the comments, the second packet, only the end is of interest.
      if (headers.length !== 1) parts.push(part.slice());
      if (index === page.parts.length - 1 && page.open) return;
      if (parts.reduce((sum, { length }) => sum + length, 0) > maxHeaderBytes) {
        throw new Unplayable('too_complex');
      }
      headers.push(joinBytes(parts));
      parts = [];
    });
  }
  const codec = readCodec(headers);
  const first = await new PacketReader(pages, serial, codec, at, true).nextPage();
  if (!first) throw new Unplayable('truncated');
  return new OggSlices(pages, serial, codec, at, Math.max(0, first[0]!.start));
}

/** An Ogg stream: slices of whole packets, written anew from sample 0 on, with the packets before them. */
class OggSlices implements AudioSlices {
  readonly codec: AudioCodec;
  readonly sampleRate: number;
  readonly channels: number;
  readonly length = undefined;
  #reader: PacketReader | undefined;
  /** Packets that were read and may be needed again: the pre-roll of the next slice, and its first packets. */
  #packets: OggPacket[] = [];
  #end: number | undefined;

  /**
   * @param first offset of the first page with audio
   * @param base sample at which the stream begins, as its pages count
   */
  constructor(
    private readonly pages: OggPages,
    private readonly serial: number,
    private readonly format: OggCodec,
    private readonly first: number,
    private readonly base: number,
  ) {
    this.codec = format.codec;
    this.sampleRate = format.sampleRate;
    this.channels = format.channels;
  }

  async sliceAt(sample: number): Promise<Slice | null> {
    if (!(sample >= 0)) return null;
    const wanted = sample + this.format.preSkip + this.base;
    await this.#moveTo(wanted);
    const isBefore = ({ start, samples }: OggPacket) => start + samples <= wanted;
    while (this.#packets.every(isBefore)) {
      if (!(await this.#readPage(wanted))) return null;
    }
    const own = this.#packets.findIndex((packet) => !isBefore(packet));
    const begin = this.#packets[own]!.start;
    while (endOf(this.#packets) - begin < this.sampleRate && (await this.#readPage(begin)));
    return this.#slice(this.#packets.findIndex(({ start, samples }) => start === begin && samples > 0));
  }

  #slice(own: number): Slice {
    const packets = this.#packets;
    const { preRoll, preSkip } = this.format;
    // A page that is lost leaves a gap: a decoder would close it.
    const joins = (index: number) =>
      Math.abs(packets[index]!.start - endOf([packets[index - 1]!])) < roundingSamples;
    let to = own + 1;
    while (to < packets.length && joins(to)) to += 1;
    let from = own;
    while (from > 0 && joins(from) && packets[own]!.start - packets[from]!.start < preRoll) from -= 1;
    // The packet before the first one of a Vorbis slice decodes to nothing.
    if (this.codec === 'vorbis' && from === own && own > 0 && joins(own)) from -= 1;
    const slice = packets.slice(from, to);
    const decodedFrom = (this.codec === 'vorbis' ? slice[1] : undefined)?.start ?? slice[0]!.start;
    const content = packets[own]!.start - this.base - preSkip;
    const start = Math.max(0, content);
    return {
      bytes: this.#write(slice),
      start,
      skip: start + preSkip + this.base - decodedFrom,
      length: Math.max(0, endOf(slice) - this.base - preSkip - start),
    };
  }

  #write(packets: readonly OggPacket[]): Uint8Array<ArrayBuffer> {
    const writer = new OggWriter();
    const [identification, ...others] = this.format.sliceHeaders();
    writer.add([identification!], 0, { first: true });
    writer.add(others, 0);
    let granule = 0;
    let page: Uint8Array[] = [];
    let lacing = 0;
    packets.forEach(({ bytes }, index) => {
      const values = Math.floor(bytes.length / 255) + 1;
      if (lacing + values > 255) {
        writer.add(page, granule);
        page = [];
        lacing = 0;
      }
      page.push(bytes);
      lacing += values;
      granule += this.format.samplesOf(bytes, packets[index - 1]?.bytes);
    });
    writer.add(page, granule, { last: true });
    return writer.finish();
  }

  /** Reads a page and forgets the packets that are too far before a sample. */
  async #readPage(needed: number): Promise<boolean> {
    const packets = await this.#reader!.nextPage();
    if (!packets) {
      this.#end = endOf(this.#packets);
      return false;
    }
    const keep = needed - this.format.preRoll - this.sampleRate / 2;
    this.#packets = [...this.#packets.filter(({ start }) => start >= keep), ...packets];
    return true;
  }

  /** Makes the reader one that will pass a sample, with the pre-roll before it. */
  async #moveTo(sample: number): Promise<void> {
    const [from, to] = [this.#packets[0]?.start ?? 0, endOf(this.#packets)];
    const needed = Math.max(this.base, sample - this.format.preRoll - this.sampleRate / 4);
    const reachable = this.#reader && from <= needed && sample < to + readOnSeconds * this.sampleRate;
    if (reachable) return;
    const near = needed < readOnSeconds * this.sampleRate + this.base;
    const offset = near ? this.first : await this.#search(needed);
    this.#reader = new PacketReader(this.pages, this.serial, this.format, offset, offset === this.first);
    this.#packets = [];
  }

  /** The offset of a page that ends before a sample, and not long before it. */
  async #search(sample: number): Promise<number> {
    const start = { offset: this.first, sample: this.base };
    const end = { offset: this.pages.size, sample: await this.#lastSample() };
    return (await bisect(start, end, sample, this.sampleRate, (offset) => this.#pageAt(offset))).offset;
  }

  async #pageAt(offset: number): Promise<Mark | undefined> {
    const fits = ({ serial, granule }: { serial: number; granule: number | undefined }) =>
      serial === this.serial && granule !== undefined;
    const page = await this.pages.find(offset, fits);
    return page && { offset: page.offset, sample: page.granule! };
  }

  /** The sample at the end of the file, from its last pages. */
  async #lastSample(): Promise<number> {
    if (this.#end !== undefined) return this.#end;
    let last = Infinity;
    let at = Math.max(this.first, this.pages.size - tailBytes);
    for (;;) {
      const page = await this.#pageAt(at);
      if (!page) break;
      last = page.sample;
      at = page.offset + 1;
    }
    return last;
  }
}

/** The sample behind the last of some packets. */
const endOf = (packets: readonly OggPacket[]) => {
  const last = packets.at(-1);
  return last ? last.start + last.samples : 0;
};
