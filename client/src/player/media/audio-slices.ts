/** Codecs whose decoders differ between browsers in where the first sample is. */
export type AudioCodec = 'pcm' | 'flac' | 'mp3' | 'aac' | 'vorbis' | 'opus';

/**
 * A part of a track, about a second long, as a file of its own that `decodeAudioData` takes. Counts are samples per
 * channel at the track's rate.
 */
export interface Slice {
  bytes: Uint8Array<ArrayBuffer>;
  /** The track's sample at which the slice begins; sample 0 is the first that is to be heard. */
  start: number;
  /** Decoded samples before that one: pre-roll and the delay of encoder and decoder. */
  skip: number;
  /** Samples from `start` on; the next slice begins where they end. */
  length: number;
}

/** A track taken apart. Reads no more of the file than it is asked for. */
export interface AudioSlices {
  readonly codec: AudioCodec;
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples of the whole track; undefined where only its last frame can tell. */
  readonly length: number | undefined;
  /**
   * The slice that contains a sample, null behind the end.
   * @throws {Unplayable} damaged, truncated, too_complex
   */
  sliceAt(sample: number): Promise<Slice | null>;
}
