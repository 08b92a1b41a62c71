import type { AudioStructure } from './audio-structure.js';
import type { ByteSource } from './byte-source.js';
import { Refusal, truncated } from './inspection.js';
import { type ElementCounter, type Field, FieldSelection, maxDepth, requireTagSize } from './limits.js';
import { type Box, boxStart, makeBox, readBoxes } from './mp4-box.js';
import { Mp4Fragments } from './mp4-fragments.js';

interface Track {
  handler?: string;
  timeScale?: number;
  /** In units of the time scale; 0 if the samples are in fragments or the duration is unknown. */
  duration?: number;
}

const fields: Record<string, Field> = { '©nam': 'title', '©ART': 'artist', '©alb': 'album', covr: 'picture' };
const containers = new Set(['moov', 'trak', 'mdia', 'udta', 'meta', 'ilst', 'mvex', 'moof', 'traf']);

/**
 * Reads an MP4 file (ISO 14496-12). The file is complete if every box lies within it, and it has an index (`moov`) and
 * samples (`mdat` or `moof`).
 * @throws {Refusal} unsupported_media_type, unreadable_audio, audio_too_complex
 */
export function readMp4(file: ByteSource, elements: ElementCounter): AudioStructure {
  const reader = new Mp4Reader(file, elements);
  const types = reader.readAll();
  if (!types.has('moov') || !(types.has('mdat') || types.has('moof'))) throw truncated();
  return { duration: reader.duration(), tags: reader.tags() };
}

/** Reads the boxes of one file in a single pass. */
class Mp4Reader {
  readonly #tracks: Track[] = [];
  readonly #fragments: Mp4Fragments;
  readonly #selection = new FieldSelection();
  readonly #items: Buffer[] = [];

  constructor(
    private readonly file: ByteSource,
    private readonly elements: ElementCounter,
  ) {
    this.#fragments = new Mp4Fragments(file);
  }

  /** @returns the types of the top-level boxes */
  readAll(): Set<string> {
    const types = new Set<string>();
    for (const box of readBoxes(this.file, 0, this.file.size, this.elements)) {
      types.add(box.type);
      if (box.type === 'moov') requireTagSize(box.to - box.from);
      this.#read(box, 1);
    }
    return types;
  }

  /** Duration of the first audio track in seconds. @throws {Refusal} unsupported_media_type, unreadable_audio */
  duration(): number {
    if (this.#tracks.some(({ handler }) => handler === 'vide')) {
      throw new Refusal('unsupported_media_type', 'The file is a video; only audio is supported.');
    }
    const track = this.#tracks.find(({ handler }) => handler === 'soun');
    if (track?.timeScale === undefined) {
      throw new Refusal('unreadable_audio', 'The file has no audio track.');
    }
    return (track.duration || this.#fragments.duration()) / track.timeScale;
  }

  /** The tags as an MP4 file without samples, for the tag parser. */
  tags(): AudioStructure['tags'] {
    if (this.#items.length === 0) return null;
    const meta = makeBox('meta', Buffer.alloc(4), makeBox('ilst', ...this.#items));
    return { mimeType: 'audio/mp4', bytes: makeBox('moov', makeBox('udta', meta)) };
  }

  #read(box: Box, depth: number): void {
    if (depth > maxDepth) {
      throw new Refusal('audio_too_complex', 'The boxes of the file are nested too deeply.');
    }
    const { type, from, to } = box;
    if (containers.has(type)) {
      if (type === 'trak') this.#tracks.push({});
      const start = type === 'meta' ? this.#afterVersion(box) : from;
      for (const child of readBoxes(this.file, start, to, this.elements)) {
        const field = type === 'ilst' ? fields[child.type] : undefined;
        if (field !== undefined) this.#readItem(child, field);
        else this.#read(child, depth + 1);
      }
    } else if (type === 'hdlr') {
      const track = this.#tracks.at(-1);
      if (track !== undefined) track.handler ??= boxStart(this.file, box, 12).toString('latin1', 8, 12);
    } else if (type === 'mdhd') {
      this.#readMediaHeader(box);
    } else {
      this.#fragments.read(box);
    }
  }

  /** Start of the boxes in `meta`. In QuickTime files it has no version and flags before them. */
  #afterVersion({ from, to }: Box): number {
    const isQuickTime = to - from >= 8 && this.file.at(from + 4, 4).toString('latin1') === 'hdlr';
    return isQuickTime ? from : Math.min(from + 4, to);
  }

  #readMediaHeader(box: Box): void {
    const track = this.#tracks.at(-1);
    if (track === undefined || track.timeScale !== undefined) return;
    const isLong = boxStart(this.file, box, 1)[0] === 1;
    const header = boxStart(this.file, box, isLong ? 32 : 20);
    track.timeScale = header.readUInt32BE(isLong ? 20 : 12);
    const [duration, unknown] = isLong
      ? [Number(header.readBigUInt64BE(24)), 2 ** 64]
      : [header.readUInt32BE(16), 2 ** 32 - 1];
    track.duration = duration === unknown ? 0 : duration;
  }

  /** Takes the first value of an item of the tag list. */
  #readItem(item: Box, field: Field): void {
    for (const { type, from, to } of readBoxes(this.file, item.from, item.to, this.elements)) {
      if (type !== 'data') continue;
      // The first eight bytes are the value's type and language.
      if (to - from > 8 && this.#selection.take(field, to - from)) {
        this.#items.push(makeBox(item.type, makeBox('data', this.file.copy(from, to - from))));
      }
      return;
    }
  }
}
