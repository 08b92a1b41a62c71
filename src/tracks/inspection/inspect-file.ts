import { fileTypeFromBuffer } from 'file-type';
import { oneLine } from '../one-line.js';
import { type AudioKind, audioKinds, kindOf } from './audio-kinds.js';
import type { AudioStructure } from './audio-structure.js';
import { ByteSource } from './byte-source.js';
import { readFlac } from './flac.js';
import { type Id3Tags, readId3Tags } from './id3.js';
import { type InspectedAudio, Refusal } from './inspection.js';
import { ElementCounter, maxDurationSeconds } from './limits.js';
import { readMp4 } from './mp4.js';
import { parseAdtsHeader, parseMp3Header } from './mpeg-frames.js';
import { readMpeg } from './mpeg.js';
import { readOgg } from './ogg.js';
import { readTags } from './tags.js';
import { readWav } from './wav.js';

/** The number of bytes that `file-type` examines. */
const detectionBytes = 4100;

/**
 * Determines container, duration and tags of a file from its bytes alone; its name and declared type are not used. The
 * structure is read first, in time and memory bounded by the file's size. The tag parser is given only the tags that
 * this found.
 * @throws {Refusal} unsupported_media_type, unreadable_audio, audio_too_complex
 */
export async function inspectFile(path: string): Promise<InspectedAudio> {
  const file = ByteSource.open(path);
  try {
    if (file.size === 0) throw new Refusal('unreadable_audio', 'The file is empty.');
    const elements = new ElementCounter();
    const id3 = readId3Tags(file, 0, elements);
    const kind = await detect(file, id3);
    const { duration, tags } = readStructure(kind, file, id3, elements);
    if (!(duration > 0 && duration <= maxDurationSeconds)) {
      throw new Refusal('unreadable_audio', 'The file contains no playable audio.');
    }
    const { title, artist, album, cover } = await readTags(tags);
    return {
      title: oneLine(title),
      artist: oneLine(artist),
      album: oneLine(album),
      duration: Math.round(duration * 1000) / 1000 || 0.001,
      mimeType: audioKinds[kind].mimeType,
      cover,
    };
  } finally {
    file.close();
  }
}

async function detect(file: ByteSource, id3: Id3Tags): Promise<AudioKind> {
  const start = Buffer.from(file.at(id3.end, detectionBytes));
  const type = await fileTypeFromBuffer(start);
  // Other bytes may be between the ID3 tag and the first frame, so the type is not recognised.
  const kind = kindOf(type?.ext) ?? (type === undefined && id3.end > 0 ? 'mp3' : undefined);
  if (kind === undefined || (id3.end > 0 && !['mp3', 'aac', 'flac'].includes(kind))) {
    throw new Refusal(
      'unsupported_media_type',
      'The file is not in a supported audio format: mp3, m4a, aac, wav, flac, ogg or opus.',
    );
  }
  return kind;
}

function readStructure(
  kind: AudioKind,
  file: ByteSource,
  id3: Id3Tags,
  elements: ElementCounter,
): AudioStructure {
  switch (kind) {
    case 'mp3':
      return readMpeg(file, id3, elements, parseMp3Header);
    case 'aac':
      return readMpeg(file, id3, elements, parseAdtsHeader);
    case 'flac':
      return readFlac(file, id3, elements);
    case 'wav':
      return readWav(file, elements);
    case 'ogg':
      return readOgg(file, elements);
    case 'mp4':
      return readMp4(file, elements);
  }
}
