const level = 1e-4;

/**
 * Plays noise at −80 dB: Bluetooth devices fall asleep in silence, and lose the first tenths of a second when they wake.
 * @returns what ends it
 */
export function keepOutputAwake(context: AudioContext, destination: AudioNode): () => void {
  const buffer = context.createBuffer(1, context.sampleRate, context.sampleRate);
  buffer.copyToChannel(
    buffer.getChannelData(0).map(() => level * (2 * Math.random() - 1)),
    0,
  );
  const node = context.createBufferSource();
  node.buffer = buffer;
  node.loop = true;
  node.connect(destination);
  node.start();
  return () => {
    node.stop();
    node.disconnect();
  };
}
