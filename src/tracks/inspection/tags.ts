import { parseBuffer } from 'music-metadata';
import type { TagExcerpt } from './audio-structure.js';
import { type InspectedAudio, Refusal } from './inspection.js';
import { maxPictureBytes } from './limits.js';

export interface Tags {
  title: string | undefined;
  artist: string | undefined;
  album: string | undefined;
  cover: InspectedAudio['cover'];
}

/** @throws {Refusal} unreadable_audio */
export async function readTags(excerpt: TagExcerpt | null): Promise<Tags> {
  if (excerpt === null) return { title: undefined, artist: undefined, album: undefined, cover: null };
  const { mimeType, bytes } = excerpt;
  try {
    const { common } = await parseBuffer(bytes, { mimeType, size: bytes.length }, { duration: false });
    const { title, artist, album, picture } = common;
    return {
      title: textOf(title),
      artist: textOf(artist),
      album: textOf(album),
      cover: coverOf(picture?.[0]?.data),
    };
  } catch (cause) {
    throw new Refusal('unreadable_audio', 'The file is broken: its tags could not be read.', { cause });
  }
}

/** In MP4 any value can be a number. */
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A copy: the whole memory behind a view would be sent to the main thread. */
function coverOf(data: Uint8Array | undefined): InspectedAudio['cover'] {
  if (data === undefined || data.length > maxPictureBytes) return null;
  const mimeType = imageType(data);
  return mimeType === undefined ? null : { bytes: new Uint8Array(data), mimeType };
}

/** Of the kinds of images that browsers show. */
function imageType(data: Uint8Array): string | undefined {
  const start = Buffer.from(data.subarray(0, 16)).toString('latin1');
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'image/gif';
  if (/^RIFF[^]{4}WEBP/.test(start)) return 'image/webp';
  if (/^[^]{4}ftypavi[fs]/.test(start)) return 'image/avif';
  return undefined;
}
