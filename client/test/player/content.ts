const { sin, exp, PI, round } = Math;

/** Samples a second of the test content. */
export const contentRate = 44_100;
/** Seconds of the test content. */
export const contentSeconds = 5;

/**
 * The content that all the fixtures of one name have: two channels with bursts of chirps, each unlike the others, so
 * that a correlation with it has one peak. Values within ± 1.
 */
export function contentChannels(seconds = contentSeconds, rate = contentRate): [Float32Array, Float32Array] {
  const left = new Float32Array(round(seconds * rate));
  const right = new Float32Array(left.length);
  for (let burst = 0; burst < seconds * 4; burst += 1) {
    const begin = round((0.02 + burst * 0.25) * rate);
    const from = 300 + 170 * ((burst * 7) % 11);
    const sweep = 9000 + 1500 * ((burst * 5) % 7);
    for (let i = 0; i < 0.12 * rate && begin + i < left.length; i += 1) {
      const t = i / rate;
      const value = 0.6 * sin(2 * PI * (from * t + sweep * t * t)) * exp(-18 * t) * Math.min(1, t * 400);
      left[begin + i] = value;
      right[begin + i] = burst % 3 === 0 ? value : 0.5 * value;
    }
  }
  return [left, right];
}

/** A WAV file with 16 bits a sample. */
export function wavOf(channels: readonly Float32Array[], rate = contentRate): Uint8Array {
  const frames = channels[0]!.length;
  const bytes = new Uint8Array(44 + frames * channels.length * 2);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string) => bytes.set(new TextEncoder().encode(value), at);
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels.length, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * channels.length * 2, true);
  view.setUint16(32, channels.length * 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, bytes.length - 44, true);
  let at = 44;
  for (let frame = 0; frame < frames; frame += 1) {
    for (const channel of channels) {
      view.setInt16(at, round(32767 * channel[frame]!), true);
      at += 2;
    }
  }
  return bytes;
}
