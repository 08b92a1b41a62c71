import { Refusal } from './inspection.js';

const mebibyte = 1024 * 1024;

/**
 * Maximum size of one tag: an ID3v2 or APEv2 tag, a Vorbis comment, or a `moov` box. Large enough for a cover of 10 MB
 * in base64 and for the sample table of an audio book.
 */
export const maxTagBytes = 32 * mebibyte;

/** A larger picture is ignored, and the track has no cover. */
export const maxPictureBytes = 5 * mebibyte;

/** Maximum size of a title, artist or album. The tag parser is quadratic in the number of values of one text. */
const maxTextBytes = 8 * 1024;

/**
 * Maximum number of tag frames, comments, chunks, boxes, metadata blocks and header pages of one file in total. A
 * fragmented MP4 file with nine boxes per second reaches it after three hours.
 */
const maxElements = 100_000;

/** Maximum nesting of boxes. Real files have up to eight levels. */
export const maxDepth = 16;

/** A file with a longer duration is refused as unreadable. */
export const maxDurationSeconds = 7 * 24 * 60 * 60;

/** @throws {Refusal} audio_too_complex */
export function requireTagSize(bytes: number): void {
  if (bytes > maxTagBytes) {
    throw new Refusal('audio_too_complex', `A tag of the file is larger than ${maxTagBytes / mebibyte} MB.`);
  }
}

/** Counts the elements of one file and refuses the file at `maxElements`. One instance per inspection. */
export class ElementCounter {
  #count = 0;

  /** @throws {Refusal} audio_too_complex */
  add(): void {
    this.#count += 1;
    if (this.#count > maxElements) {
      throw new Refusal('audio_too_complex', `The file has more than ${maxElements} tags, chunks or boxes.`);
    }
  }
}

export type Field = 'title' | 'artist' | 'album' | 'picture';

/** Selects the values that are passed to the tag parser: the first of each field. One instance per kind of tag. */
export class FieldSelection {
  readonly #taken = new Set<Field>();

  /**
   * @param bytes size of the value as stored in the file
   * @param maxPicture for pictures that are stored encoded, for example as base64
   * @returns whether the value is passed on
   * @throws {Refusal} audio_too_complex
   */
  take(field: Field, bytes: number, maxPicture = maxPictureBytes): boolean {
    if (field !== 'picture' && bytes > maxTextBytes) {
      throw new Refusal(
        'audio_too_complex',
        `The ${field} in the tags is longer than ${maxTextBytes} bytes.`,
      );
    }
    if (bytes === 0 || this.#taken.has(field) || (field === 'picture' && bytes > maxPicture)) return false;
    this.#taken.add(field);
    return true;
  }
}
