import { ByteSource } from '../inspection/byte-source.js';
import { readId3Tags } from '../inspection/id3.js';
import { ElementCounter } from '../inspection/limits.js';
import type { AnalysisAnswer, AnalysisRequest, DecodedAudio } from './analysis.js';
import { decodeFlac } from './decoders/flac.js';
import { decodeMp3 } from './decoders/mp3.js';
import { decodeOgg } from './decoders/ogg.js';
import { decodeWav } from './decoders/wav.js';
import { LoudnessMeter } from './loudness.js';
import { WaveformMeter } from './waveform.js';

/** If less of the duration could be decoded, the file is damaged or its decoder has failed. */
const minDecodedPart = 0.9;

/**
 * Decodes a file from its beginning to its end and measures it. Holds one piece of the decoded audio at a time.
 * @throws if the file cannot be decoded
 */
export async function analyseFile(request: AnalysisRequest): Promise<AnalysisAnswer> {
  const { path, mimeType, duration, timeoutMs } = request;
  const deadline = performance.now() + timeoutMs;
  const file = ByteSource.open(path);
  try {
    const decoded = decode(file, mimeType);
    if (decoded === undefined) return { is: 'unsupported' };
    const waveform = new WaveformMeter(duration);
    const loudness = new LoudnessMeter();
    for await (const pcm of decoded) {
      if (pcm.channels.length === 0 || pcm.channels[0]!.length === 0 || !(pcm.sampleRate > 0)) continue;
      waveform.add(pcm);
      loudness.add(pcm);
      if (performance.now() > deadline) return { is: 'timeout' };
    }
    if (waveform.seconds < duration * minDecodedPart) return { is: 'undecodable' };
    return { is: 'analysed', analysis: { loudness: loudness.result, peaks: waveform.peaks } };
  } finally {
    file.close();
  }
}

/** Undefined if there is no decoder: of AAC and ALAC there is none that is free, maintained and runs in WebAssembly. */
function decode(file: ByteSource, mimeType: string): DecodedAudio | undefined {
  switch (mimeType) {
    case 'audio/mpeg':
      return decodeMp3(file, readId3Tags(file, 0, new ElementCounter()).end);
    case 'audio/flac':
      return decodeFlac(file, readId3Tags(file, 0, new ElementCounter()).end);
    case 'audio/wav':
      return decodeWav(file);
    case 'audio/ogg':
      return decodeOgg(file);
    default:
      return undefined;
  }
}
