import type { ByteSource } from '../../inspection/byte-source.js';

/** The bytes of a file from `start` on, in copies: decoders keep them. */
export function* piecesOf(file: ByteSource, start: number, pieceBytes: number): Generator<Uint8Array> {
  for (let at = start; at < file.size; at += pieceBytes) yield new Uint8Array(file.at(at, pieceBytes));
}

/** Samples, of all channels together, that a decoder is given at a time. */
export const maxBatchSamples = 2 ** 18;
