import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import CodecParser, { type CodecFrame, type OggPage, type OpusHeader } from 'codec-parser';
import { OpusDecoder } from 'opus-decoder';
import type { ByteSource } from '../../inspection/byte-source.js';
import type { DecodedAudio } from '../analysis.js';
import { decodeFlacFrames, iterable } from './flac.js';
import { piecesOf } from './pieces.js';

const pieceBytes = 16 * 1024;

/** Vorbis, Opus or FLAC in Ogg, decoded page by page: a page has at most 255 packets. */
export async function* decodeOgg(file: ByteSource): DecodedAudio {
  const start = file.at(0, 128).toString('latin1');
  const parser = new CodecParser<OggPage>('audio/ogg', { enableFrameCRC32: false });
  const pages = pagesOf(parser, file);
  if (start.includes('OpusHead')) yield* decodeOpus(pages);
  else if (start.includes('\x7fFLAC')) yield* decodeFlacFrames(framesOf(pages));
  else yield* decodeVorbis(pages);
}

function* pagesOf(parser: CodecParser<OggPage>, file: ByteSource): Generator<OggPage> {
  for (const bytes of piecesOf(file, 0, pieceBytes)) yield* iterable(parser.parseChunk(bytes));
  yield* iterable(parser.flush());
}

function* framesOf(pages: Iterable<OggPage>): Generator<CodecFrame> {
  for (const { codecFrames } of pages) yield* codecFrames;
}

async function* decodeVorbis(pages: Iterable<OggPage>): DecodedAudio {
  const decoder = new OggVorbisDecoder();
  await decoder.ready;
  for (const page of pages) {
    const { channelData: channels, sampleRate, samplesDecoded } = await decoder.decodeOggPages([page]);
    if (samplesDecoded > 0) yield { channels, sampleRate, order: 'vorbis' };
  }
}

async function* decodeOpus(pages: Iterable<OggPage>): DecodedAudio {
  let decoder: OpusDecoder | undefined;
  let gain = 1;
  for (const { codecFrames } of pages) {
    if (codecFrames.length === 0) continue;
    if (decoder === undefined) {
      const header = codecFrames[0]!.header as OpusHeader;
      const { channels, streamCount, coupledStreamCount, channelMappingTable, preSkip } = header;
      decoder = new OpusDecoder({ channels, streamCount, coupledStreamCount, channelMappingTable, preSkip });
      await decoder.ready;
      // Decibels in 1/256; players apply it.
      gain = 10 ** (header.outputGain / 256 / 20);
    }
    const decoded = decoder.decodeFrames(codecFrames.map(({ data }) => data));
    const { channelData: channels, sampleRate, samplesDecoded } = decoded;
    if (gain !== 1) {
      for (const samples of channels) samples.forEach((value, i) => (samples[i] = value * gain));
    }
    if (samplesDecoded > 0) yield { channels, sampleRate, order: 'vorbis' };
  }
}
