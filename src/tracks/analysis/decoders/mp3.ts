import { MPEGDecoder } from 'mpg123-decoder';
import type { ByteSource } from '../../inspection/byte-source.js';
import { piecesOf } from './pieces.js';
import type { DecodedAudio } from '../analysis.js';

const pieceBytes = 16 * 1024;

/** MPEG audio, with libmpg123 in WebAssembly. It gives two channels always. */
export async function* decodeMp3(file: ByteSource, start: number): DecodedAudio {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  for (const bytes of piecesOf(file, start, pieceBytes)) {
    const { channelData: channels, sampleRate, samplesDecoded } = decoder.decode(bytes);
    if (samplesDecoded > 0) yield { channels, sampleRate, order: 'wave' };
  }
}
