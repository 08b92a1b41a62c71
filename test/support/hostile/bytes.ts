/** Pieces of a file, generated while it is written, so that a large file is never in memory as a whole. */
export type Pieces = Iterable<Buffer>;

export const text = (value: string): Buffer => Buffer.from(value, 'latin1');
export const uint8 = (...values: number[]): Buffer => Buffer.from(values);
export const uint16be = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
export const uint24be = (value: number): Buffer => uint32be(value).subarray(1);
export const uint32be = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
export const uint32le = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
export const uint64be = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
export const syncSafe = (value: number): Buffer =>
  Buffer.from([(value >> 21) & 0x7f, (value >> 14) & 0x7f, (value >> 7) & 0x7f, value & 0x7f]);

/** Repeats bytes `count` times, in pieces of about 1 MiB. */
export function* times(count: number, bytes: Buffer): Pieces {
  const perPiece = Math.max(1, Math.floor(2 ** 20 / bytes.length));
  const piece = Buffer.alloc(bytes.length * Math.min(perPiece, count), bytes);
  for (let left = count; left > 0; left -= perPiece) {
    yield left >= perPiece ? piece : piece.subarray(0, bytes.length * left);
  }
}

/** Repeats bytes `count` times, in one buffer. */
export const filled = (count: number, bytes: Buffer): Buffer => Buffer.alloc(bytes.length * count, bytes);

export function* join(...parts: (Buffer | Pieces)[]): Pieces {
  for (const part of parts) {
    if (Buffer.isBuffer(part)) yield part;
    else yield* part;
  }
}

/** Pseudo-random bytes (xorshift32), the same in every run. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state & 0xff;
  }
  return bytes;
}
