import { Injectable } from '@nestjs/common';
import { fileTypeFromBuffer, fileTypeFromFile } from 'file-type';
import { type IAudioMetadata, parseFile, selectCover } from 'music-metadata';
import { Problem } from '../errors/problem.js';
import { isComplete } from './audio-completeness.js';
import { audioKinds, kindOf } from './audio-kinds.js';
import type { Incoming } from './file-store.js';

export interface InspectedAudio {
  title: string | null;
  artist: string | null;
  album: string | null;
  /** Seconds. */
  duration: number;
  mimeType: string;
  cover: { bytes: Uint8Array; mimeType: string } | null;
}

const coverKinds = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif']);
const largestCover = 5 * 1024 * 1024;
/** So that an event that carries two tracks stays small. */
const longestText = 100;

/** What an uploaded file really is, by its bytes alone: neither its name nor its claimed type count. */
@Injectable()
export class AudioInspector {
  /** @throws {Problem} unsupported_media_type, damaged_file */
  async inspect({ path, size }: Incoming): Promise<InspectedAudio> {
    if (size === 0) throw new Problem('damaged_file', 'The file is empty.');
    const kind = kindOf((await fileTypeFromFile(path))?.ext);
    if (kind === undefined) {
      throw new Problem(
        'unsupported_media_type',
        'Not an audio file that is taken here: mp3, m4a, aac, wav, flac, ogg or opus.',
      );
    }
    const { common, format } = await this.#parse(path);
    if (kind === 'mp4' && (format.hasVideo === true || format.hasAudio === false)) {
      throw new Problem('unsupported_media_type', 'This is a video; only audio is taken here.');
    }
    const { duration } = format;
    if (duration === undefined || !Number.isFinite(duration) || duration <= 0) {
      throw new Problem('damaged_file', 'The file holds no audio that could be played.');
    }
    if (!(await isComplete(path, kind, size))) {
      throw new Problem('damaged_file', 'The file is cut off: it ends in the middle of the audio.');
    }
    return {
      title: line(common.title),
      artist: line(common.artist),
      album: line(common.album),
      duration: Math.round(duration * 1000) / 1000 || 0.001,
      mimeType: audioKinds[kind].mimeType,
      cover: await this.#cover(common),
    };
  }

  async #parse(path: string): Promise<IAudioMetadata> {
    try {
      return await parseFile(path, { duration: true });
    } catch (cause) {
      throw Object.assign(new Problem('damaged_file', 'The file is broken: its audio could not be read.'), {
        cause,
      });
    }
  }

  async #cover(common: IAudioMetadata['common']): Promise<InspectedAudio['cover']> {
    const picture = selectCover(common.picture);
    if (!picture || picture.data.length === 0 || picture.data.length > largestCover) return null;
    const mimeType = (await fileTypeFromBuffer(picture.data))?.mime;
    return mimeType !== undefined && coverKinds.has(mimeType) ? { bytes: picture.data, mimeType } : null;
  }
}

/** One clean line of at most `longestText`, or null where nothing is left. */
export function line(text: string | undefined): string | null {
  const clean = (text ?? '')
    .toWellFormed()
    // eslint-disable-next-line no-control-regex -- that is what goes
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\s]+/g, ' ')
    .trim();
  if (clean.length <= longestText) return clean || null;
  return `${clean
    .slice(0, longestText - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '')
    .trimEnd()}…`;
}
