export interface FrameHeader {
  /** Of the whole frame. */
  bytes: number;
  seconds: number;
}

/** @param header from `shortestFrameHeader` to `frameHeaderBytes` bytes; undefined where they begin no frame */
export type ParseFrameHeader = (header: Buffer) => FrameHeader | undefined;

export const shortestFrameHeader = 4;
/** Of ADTS; MP3 needs the first four. */
export const frameHeaderBytes = 7;

// Layer III bit rates in kbit/s by index (ISO 11172-3 table for MPEG 1, ISO 13818-3 for MPEG 2 and 2.5).
const bitRates1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const bitRates2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const sampleRates = [44_100, 48_000, 32_000];

export const parseMp3Header: ParseFrameHeader = (header) => {
  if (header[0] !== 0xff || (header[1]! & 0xe0) !== 0xe0) return undefined;
  const version = (header[1]! >> 3) & 3;
  const layer = (header[1]! >> 1) & 3;
  const fullRate = sampleRates[(header[2]! >> 2) & 3];
  const bits = (version === 3 ? bitRates1 : bitRates2)[header[2]! >> 4];
  if (version === 1 || layer !== 1 || fullRate === undefined || !bits) return undefined;
  const padding = (header[2]! >> 1) & 1;
  const rate = fullRate / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const samples = version === 3 ? 1152 : 576;
  return { bytes: Math.floor((samples * bits * 125) / rate) + padding, seconds: samples / rate };
};

// ISO 14496-3, table 1.18.
const adtsRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];

export const parseAdtsHeader: ParseFrameHeader = (header) => {
  if (header.length < 7 || header[0] !== 0xff || (header[1]! & 0xf6) !== 0xf0) return undefined;
  const rate = adtsRates[(header[2]! >> 2) & 0x0f];
  const bytes = ((header[3]! & 3) << 11) | (header[4]! << 3) | (header[5]! >> 5);
  if (rate === undefined || bytes < 7) return undefined;
  const samples = 1024 * ((header[6]! & 3) + 1);
  return { bytes, seconds: samples / rate };
};
