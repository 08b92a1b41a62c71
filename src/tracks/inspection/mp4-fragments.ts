import type { ByteSource } from './byte-source.js';
import { truncated } from './inspection.js';
import { type Box, boxStart } from './mp4-box.js';

const tfhd = { baseDataOffset: 0x01, sampleDescription: 0x02, defaultDuration: 0x08 };
const trun = {
  dataOffset: 0x01,
  firstSampleFlags: 0x04,
  duration: 0x100,
  size: 0x200,
  flags: 0x400,
  offset: 0x800,
};

/**
 * Adds up the durations of the samples in movie fragments (ISO 14496-12, section 8.8). Owned by the `Mp4Reader` of one
 * file. All runs are counted, whatever their track: an accepted file has a single track.
 */
export class Mp4Fragments {
  #total = 0;
  /** Duration of a sample without its own: the default of the file, and that of the current fragment. */
  #fileDefault = 0;
  #fragmentDefault = 0;

  constructor(private readonly file: ByteSource) {}

  /** In units of the track's time scale. */
  duration(): number {
    return this.#total;
  }

  /** Reads a box; boxes of other types are ignored. @throws {Refusal} unreadable_audio */
  read(box: Box): void {
    if (box.type === 'trex') {
      this.#fileDefault = boxStart(this.file, box, 16).readUInt32BE(12);
    } else if (box.type === 'tfhd') {
      const flags = this.#flags(box);
      const at = 8 + (flags & tfhd.baseDataOffset ? 8 : 0) + (flags & tfhd.sampleDescription ? 4 : 0);
      this.#fragmentDefault =
        flags & tfhd.defaultDuration ? boxStart(this.file, box, at + 4).readUInt32BE(at) : this.#fileDefault;
    } else if (box.type === 'trun') {
      this.#readRun(box);
    }
  }

  #readRun(box: Box): void {
    const flags = this.#flags(box);
    const count = boxStart(this.file, box, 8).readUInt32BE(4);
    if ((flags & trun.duration) === 0) {
      this.#total += count * this.#fragmentDefault;
      return;
    }
    const perSample = [trun.duration, trun.size, trun.flags, trun.offset];
    const sampleBytes = 4 * perSample.filter((flag) => flags & flag).length;
    const from = box.from + 8 + (flags & trun.dataOffset ? 4 : 0) + (flags & trun.firstSampleFlags ? 4 : 0);
    if (from + count * sampleBytes > box.to) throw truncated();
    for (let i = 0; i < count; i += 1) {
      this.#total += this.file.exactly(from + i * sampleBytes, 4).readUInt32BE();
    }
  }

  #flags(box: Box): number {
    return boxStart(this.file, box, 4).readUIntBE(1, 3);
  }
}
