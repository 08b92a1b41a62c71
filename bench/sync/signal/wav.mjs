const headerBytes = 44;

/** A WAV file: mono, 16 bits. @param samples within ± 1 */
export function wavFile(samples, rate) {
  const file = Buffer.alloc(headerBytes + 2 * samples.length);
  file.write('RIFF', 0);
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(2 * rate, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((value, index) => file.writeInt16LE(Math.round(32767 * value), headerBytes + 2 * index));
  return file;
}
