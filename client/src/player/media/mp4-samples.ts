import { Unplayable } from './byte-source.js';
import type { FrameRange } from './framed-slices.js';

/** The sample tables of a track: `stsz`, `stsc`, and `stco` or `co64`, as they are in the file. */
export interface SampleTables {
  sizes: DataView;
  runs: DataView;
  offsets: DataView;
  wideOffsets: boolean;
}

const maxSampleBytes = 8184;

/** Finds samples, for AAC frames, by their number. Reading behind a table's end throws a RangeError. */
export class Mp4Samples {
  readonly count: number;
  readonly #fixedBytes: number;
  readonly #runCount: number;
  readonly #chunkCount: number;
  /** Where the last search was: later samples are found from there. */
  #run = 0;
  #runFirstSample = 0;

  constructor(private readonly tables: SampleTables) {
    const { sizes, runs, offsets, wideOffsets } = tables;
    this.#fixedBytes = sizes.byteLength >= 12 ? sizes.getUint32(4) : 0;
    const declared = sizes.byteLength >= 12 ? sizes.getUint32(8) : 0;
    this.count = this.#fixedBytes > 0 ? declared : Math.min(declared, (sizes.byteLength - 12) / 4);
    this.#runCount =
      runs.byteLength < 8 ? 0 : Math.min(runs.getUint32(4), Math.floor((runs.byteLength - 8) / 12));
    const entryBytes = wideOffsets ? 8 : 4;
    this.#chunkCount =
      offsets.byteLength < 8
        ? 0
        : Math.min(offsets.getUint32(4), Math.floor((offsets.byteLength - 8) / entryBytes));
  }

  /** The samples from number `from` on; fewer than `count` where the tables end. */
  read(from: number, count: number): FrameRange[] {
    const samples: FrameRange[] = [];
    if (from < this.#runFirstSample) this.#run = this.#runFirstSample = 0;
    while (samples.length < count && from + samples.length < this.count && this.#run < this.#runCount) {
      const { firstChunk, lastChunk, perChunk } = this.#runAt(this.#run);
      const wanted = from + samples.length - this.#runFirstSample;
      const inRun = (lastChunk - firstChunk) * perChunk;
      if (wanted >= inRun) {
        this.#run += 1;
        this.#runFirstSample += inRun;
        continue;
      }
      const chunk = firstChunk + Math.floor(wanted / perChunk);
      this.#readChunk(chunk, from + samples.length, wanted % perChunk, perChunk, count, samples);
    }
    return samples;
  }

  #readChunk(
    chunk: number,
    number: number,
    inChunk: number,
    perChunk: number,
    count: number,
    into: FrameRange[],
  ): void {
    let offset = this.#chunkOffset(chunk);
    for (let before = number - inChunk; before < number; before += 1) offset += this.#bytesOf(before);
    for (let next = inChunk; next < perChunk && into.length < count; next += 1) {
      const sample = number - inChunk + next;
      if (sample >= this.count) return;
      const bytes = this.#bytesOf(sample);
      if (bytes > maxSampleBytes) throw new Unplayable('damaged');
      into.push({ offset, bytes });
      offset += bytes;
    }
  }

  /** Chunks are numbered from 1 in the file, here from 0; the last run goes on until the last chunk. */
  #runAt(run: number): { firstChunk: number; lastChunk: number; perChunk: number } {
    const { runs } = this.tables;
    const firstChunk = runs.getUint32(8 + 12 * run) - 1;
    const lastChunk = run + 1 < this.#runCount ? runs.getUint32(20 + 12 * run) - 1 : this.#chunkCount;
    const perChunk = runs.getUint32(12 + 12 * run);
    if (firstChunk < 0 || lastChunk < firstChunk || lastChunk > this.#chunkCount || perChunk === 0) {
      throw new Unplayable('damaged');
    }
    return { firstChunk, lastChunk, perChunk };
  }

  #bytesOf(sample: number): number {
    return this.#fixedBytes || this.tables.sizes.getUint32(12 + 4 * sample);
  }

  #chunkOffset(chunk: number): number {
    const { offsets, wideOffsets } = this.tables;
    return wideOffsets ? Number(offsets.getBigUint64(8 + 8 * chunk)) : offsets.getUint32(8 + 4 * chunk);
  }
}
