import { Refusal } from './inspection.js';

const mebibyte = 1024 * 1024;

/**
 * Of one tag: an ID3v2 or APEv2 tag, a Vorbis comment, a movie box. Large enough for a cover of 10 MB, coded as
 * base64, and for the sample table of an audio book.
 */
export const maxTagBytes = 32 * mebibyte;

/** A larger picture is not an error; the track has no cover then. */
export const maxPictureBytes = 5 * mebibyte;

/** Of a title, artist or album. The parser's work grows with the square of the values that one text holds. */
const maxTextBytes = 8 * 1024;

/**
 * Tag frames, comments, chunks, boxes, metadata blocks and header pages of one file together. A recording in
 * one-second fragments of nine boxes each reaches it after three hours.
 */
const maxElements = 100_000;

/** Boxes in boxes. Real files nest eight deep. */
export const maxDepth = 16;

/** A longer duration is not believed. */
export const maxDurationSeconds = 7 * 24 * 60 * 60;

/** @throws {Refusal} audio_too_complex */
export function requireTagSize(bytes: number): void {
  if (bytes > maxTagBytes) {
    throw new Refusal('audio_too_complex', `A tag of the file is larger than ${maxTagBytes / mebibyte} MB.`);
  }
}

/** Counts the elements of one file. */
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

/** Which values of one kind of tag are handed to the parser: the first of each field. */
export class FieldSelection {
  readonly #taken = new Set<Field>();

  /**
   * @param bytes size of the value as it is stored
   * @param maxPicture for pictures stored in a form larger than their bytes
   * @returns whether this value is handed on
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
