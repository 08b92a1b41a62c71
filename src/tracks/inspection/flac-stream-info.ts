export const streamInfoBytes = 34;

/** The fields used of STREAMINFO, the first metadata block (RFC 9639, section 8.2). */
export interface StreamInfo {
  sampleRate: number;
  /** 0 if the encoder did not know it. */
  totalSamples: number;
  /** Samples per frame. Frames of a fixed size have only a frame number, from which the sample number is computed. */
  blockSize: number;
  /** 0 if the encoder did not know it. */
  maxFrameBytes: number;
  /** The whole block. */
  bytes: Buffer;
}

export function parseStreamInfo(bytes: Buffer): StreamInfo {
  return {
    sampleRate: bytes.readUIntBE(10, 3) >> 4,
    totalSamples: (bytes[13]! & 0x0f) * 2 ** 32 + bytes.readUInt32BE(14),
    blockSize: bytes.readUInt16BE(0),
    maxFrameBytes: bytes.readUIntBE(7, 3),
    bytes: Buffer.from(bytes.subarray(0, streamInfoBytes)),
  };
}
