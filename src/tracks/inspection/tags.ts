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

/** Parses the tags of a file. @throws {Refusal} unreadable_audio */
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
    throw new Refusal('unreadable_audio', 'The file is corrupt: its tags could not be parsed.', { cause });
  }
}

/** In MP4, the value of a text field may be a number. */
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Copies the picture: posting a view to the main thread would transfer its whole buffer. */
function coverOf(data: Uint8Array | undefined): InspectedAudio['cover'] {
  if (data === undefined || data.length > maxPictureBytes) return null;
  const mimeType = imageType(data);
  return mimeType === undefined ? null : { bytes: new Uint8Array(data), mimeType };
}

/** The MIME type of an image that browsers can show; undefined for anything else. */
function imageType(data: Uint8Array): string | undefined {
  const start = Buffer.from(data.subarray(0, 16)).toString('latin1');
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'image/gif';
  if (/^RIFF[^]{4}WEBP/.test(start)) return 'image/webp';
  if (/^[^]{4}ftypavi[fs]/.test(start)) return 'image/avif';
  return undefined;
}
