/** One frame of MP3 or ADTS AAC. */
export interface FrameHeader {
  bytes: number;
  /** Samples per channel. */
  samples: number;
  sampleRate: number;
  channels: number;
  /** Bits a second; 0 where the header does not tell. */
  bitrate: number;
  /** Bytes of the header, and for MP3 of the checksum behind it. */
  headerBytes: number;
  /** For MP3: MPEG 1, which has two granules a frame; else MPEG 2 or 2.5, with one. */
  version1: boolean;
}

/** Reads the frame header at an offset; undefined if there is none. */
export type ParseFrameHeader = (bytes: Uint8Array, offset: number) => FrameHeader | undefined;

/** Bytes that any header needs. */
export const maxHeaderBytes = 9;
export const maxFrameBytes = 8192;

const mp3Rates = [44_100, 48_000, 32_000];
/** kbit/s of layer III by index, for MPEG 1 and for MPEG 2 and 2.5. */
const mp3Bitrates = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;

/** MPEG 1, 2 and 2.5, layer III. Free-format frames, which hardly any decoder plays, are not recognised. */
export const parseMp3Header: ParseFrameHeader = (bytes, offset) => {
  if (offset + 4 > bytes.length || bytes[offset] !== 0xff) return undefined;
  const second = bytes[offset + 1]!;
  const third = bytes[offset + 2]!;
  const version = (second >> 3) & 3;
  if ((second & 0xe6) !== 0xe2 || version === 1) return undefined;
  const version1 = version === 3;
  const baseRate = mp3Rates[(third >> 2) & 3];
  const kilobits = mp3Bitrates[version1 ? 0 : 1][third >> 4];
  if (!baseRate || !kilobits) return undefined;
  const sampleRate = version1 ? baseRate : version === 2 ? baseRate / 2 : baseRate / 4;
  const samples = version1 ? 1152 : 576;
  return {
    bytes: Math.floor((samples * kilobits * 125) / sampleRate) + ((third >> 1) & 1),
    samples,
    sampleRate,
    channels: bytes[offset + 3]! >> 6 === 3 ? 1 : 2,
    bitrate: kilobits * 1000,
    headerBytes: second & 1 ? 4 : 6,
    version1,
  };
};

/** Sample rates by index, of ADTS and of an AudioSpecificConfig. */
export const aacRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];

/** AAC in ADTS frames with one block each. */
export const parseAdtsHeader: ParseFrameHeader = (bytes, offset) => {
  if (offset + 7 > bytes.length || bytes[offset] !== 0xff) return undefined;
  const second = bytes[offset + 1]!;
  const sampleRate = aacRates[(bytes[offset + 2]! >> 2) & 15];
  const size = ((bytes[offset + 3]! & 3) << 11) | (bytes[offset + 4]! << 3) | (bytes[offset + 5]! >> 5);
  const headerBytes = second & 1 ? 7 : 9;
  if ((second & 0xf6) !== 0xf0 || !sampleRate || size <= headerBytes) return undefined;
  return {
    bytes: size,
    samples: 1024 * ((bytes[offset + 6]! & 3) + 1),
    sampleRate,
    channels: ((bytes[offset + 2]! & 1) << 2) | (bytes[offset + 3]! >> 6),
    bitrate: 0,
    headerBytes,
    version1: false,
  };
};
