import type { ServedFile } from './browser.js';
import { contentRate, wavOf } from './content.js';

/** A WAV file of any length, stereo, with noise that is made as it is read. */
export function longFile(seconds: number, rate = contentRate): ServedFile {
  const header = wavOf([new Float32Array(0), new Float32Array(0)], rate);
  const size = 44 + seconds * rate * 4;
  const view = new DataView(header.buffer);
  view.setUint32(4, size - 8, true);
  view.setUint32(40, size - 44, true);
  return {
    size,
    read(start, end) {
      const bytes = new Uint8Array(end - start);
      for (let at = start; at < end; at += 1) {
        // Samples of little volume: the higher byte of each is zero.
        bytes[at - start] = at < 44 ? header[at]! : at % 2 === 1 ? 0 : (at * 2_654_435_761) >>> 24;
      }
      return bytes;
    },
  };
}
