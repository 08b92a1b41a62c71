/** The length and the duration of a frame. */
export interface FrameHeader {
  /** Length of the whole frame. */
  bytes: number;
  seconds: number;
}

/** @returns undefined if no frame begins at the offset, or too few bytes follow to decide */
export type ParseFrameHeader = (bytes: Buffer, at: number) => FrameHeader | undefined;

/** Length of an ADTS header; an MP3 header has four bytes. */
export const frameHeaderBytes = 7;
/** The largest length in the 13 bits of an ADTS header. */
export const maxFrameBytes = 8191;

// Layer III bit rates in kbit/s, by index (ISO 11172-3 table for MPEG 1, ISO 13818-3 for MPEG 2 and 2.5).
const bitRates1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const bitRates2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const sampleRates = [44_100, 48_000, 32_000];

export const parseMp3Header: ParseFrameHeader = (bytes, at) => {
  if (at + 4 > bytes.length || bytes[at] !== 0xff) return undefined;
  const [second, third] = [bytes[at + 1]!, bytes[at + 2]!];
  // Sync code and layer III.
  if ((second & 0xe6) !== 0xe2) return undefined;
  const version = (second >> 3) & 3;
  const fullRate = sampleRates[(third >> 2) & 3];
  const bitRate = (version === 3 ? bitRates1 : bitRates2)[third >> 4];
  if (version === 1 || fullRate === undefined || !bitRate) return undefined;
  const padding = (third >> 1) & 1;
  const rate = fullRate / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const samples = version === 3 ? 1152 : 576;
  return { bytes: Math.floor((samples * bitRate * 125) / rate) + padding, seconds: samples / rate };
};

// ISO 14496-3, table 1.18.
const adtsRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];

export const parseAdtsHeader: ParseFrameHeader = (bytes, at) => {
  if (at + frameHeaderBytes > bytes.length || bytes[at] !== 0xff) return undefined;
  if ((bytes[at + 1]! & 0xf6) !== 0xf0) return undefined;
  const rate = adtsRates[(bytes[at + 2]! >> 2) & 0x0f];
  const length = ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5);
  if (rate === undefined || length < frameHeaderBytes) return undefined;
  const samples = 1024 * ((bytes[at + 6]! & 3) + 1);
  return { bytes: length, seconds: samples / rate };
};
