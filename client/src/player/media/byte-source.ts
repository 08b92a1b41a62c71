/** Random access to the bytes of a file. */
export interface ByteSource {
  /** Bytes of the file. */
  readonly size: number;
  /** The bytes from `offset` on: `length` of them, fewer only at the end of the file. The result is not to be changed. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Why a file cannot be read or played. */
export type UnplayableReason =
  /** No format or codec that this player takes apart. */
  | 'unsupported'
  /** The file contradicts its format. */
  | 'damaged'
  /** The file ends before its audio does. */
  | 'truncated'
  /** More tables, pages or gaps than a listener should have to read. */
  | 'too_complex'
  /** The server does not answer requests for ranges. */
  | 'no_ranges'
  /** The server refuses the stream. */
  | 'refused'
  /** The browser's decoder refuses the audio. */
  | 'undecodable';

/** The track cannot be played, now or later. The message is the reason. */
export class Unplayable extends Error {
  constructor(readonly reason: UnplayableReason) {
    super(reason);
  }
}

/** The bytes of a buffer in memory. */
export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}
