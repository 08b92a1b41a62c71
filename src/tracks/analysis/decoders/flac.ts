import { FLACDecoder } from '@wasm-audio-decoders/flac';
import CodecParser, { type CodecFrame } from 'codec-parser';
import type { ByteSource } from '../../inspection/byte-source.js';
import { streamInfoBytes } from '../../inspection/flac-stream-info.js';
import type { DecodedAudio } from '../analysis.js';
import { maxBatchSamples, piecesOf } from './pieces.js';

const pieceBytes = 64 * 1024;
const lastBlock = 0x80;

/** FLAC, with libFLAC in WebAssembly. @param start of the stream, behind an ID3 tag */
export async function* decodeFlac(file: ByteSource, start: number): DecodedAudio {
  const parser = new CodecParser<CodecFrame>('audio/flac', { enableFrameCRC32: false });
  yield* decodeFlacFrames(framesOf(parser, file, start));
}

/** Decodes frames in batches: a few bytes can be a frame of half a million samples. */
export async function* decodeFlacFrames(frames: Iterable<CodecFrame>): DecodedAudio {
  const decoder = new FLACDecoder();
  await decoder.ready;
  let batch: Uint8Array[] = [];
  let samples = 0;
  const decode = async () => {
    const { channelData: channels, sampleRate } = await decoder.decodeFrames(batch);
    batch = [];
    samples = 0;
    return { channels, sampleRate, order: 'wave' } as const;
  };
  for (const { data, header, samples: count } of frames) {
    batch.push(data);
    samples += count * header.channels;
    if (samples >= maxBatchSamples) yield await decode();
  }
  if (batch.length > 0) yield await decode();
}

/** Skips all metadata but STREAMINFO, which may be larger than the audio. */
function* framesOf(parser: CodecParser<CodecFrame>, file: ByteSource, start: number): Generator<CodecFrame> {
  let at = start + 4;
  let info: Buffer | undefined;
  for (let last = false; !last;) {
    const header = file.exactly(at, 4);
    last = (header[0]! & lastBlock) !== 0;
    const type = header[0]! & 0x7f;
    const length = header.readUIntBE(1, 3);
    at += 4;
    if (type === 0) info ??= file.copy(at, streamInfoBytes);
    at += length;
  }
  if (info === undefined) throw new Error('the FLAC file has no STREAMINFO');
  const head = Buffer.concat([Buffer.from('fLaC'), Buffer.from([lastBlock, 0, 0, streamInfoBytes]), info]);
  yield* iterable(parser.parseChunk(new Uint8Array(head)));
  for (const bytes of piecesOf(file, at, pieceBytes)) yield* iterable(parser.parseChunk(bytes));
  yield* iterable(parser.flush());
}

/** The parser's generators are declared as iterators. */
export const iterable = <T>(iterator: Iterator<T>): Iterable<T> => iterator as Generator<T>;
