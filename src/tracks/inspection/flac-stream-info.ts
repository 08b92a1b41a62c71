export const streamInfoBytes = 34;

/** STREAMINFO, the first metadata block (RFC 9639, section 8.2). */
export interface StreamInfo {
  sampleRate: number;
  /** 0: not known when it was written. */
  totalSamples: number;
  /** In samples; where all frames have the same, only then their number says where they begin. */
  blockSize: number;
  /** Bytes; 0: not known. */
  largestFrame: number;
  bytes: Buffer;
}

export function parseStreamInfo(bytes: Buffer): StreamInfo {
  return {
    sampleRate: bytes.readUIntBE(10, 3) >> 4,
    totalSamples: (bytes[13]! & 0x0f) * 2 ** 32 + bytes.readUInt32BE(14),
    blockSize: bytes.readUInt16BE(0),
    largestFrame: bytes.readUIntBE(7, 3),
    bytes: Buffer.from(bytes.subarray(0, streamInfoBytes)),
  };
}
