/** Loudness of a track as it sounds on two speakers. */
export interface TrackLoudness {
  /** LUFS, after ITU-R BS.1770-4 with the gates of EBU R128. */
  integrated: number;
  /** dBTP. */
  truePeak: number;
}

/** What is computed from the samples of a track. */
export interface AudioAnalysis {
  /** Null if nothing is loud enough to be measured, or the sample rate is unusual. */
  loudness: TrackLoudness | null;
  /** `waveformPeaks` peaks from 0 to 100, at equal distances in time. */
  peaks: number[];
}

/** Message from the server to the process that analyses a file. */
export interface AnalysisRequest {
  path: string;
  /** As the inspection determined it. */
  mimeType: string;
  /** Seconds, as the inspection determined them. */
  duration: number;
  /** Decoding stops after this time. */
  timeoutMs: number;
}

/** Answer of the process. `unsupported`: there is no decoder. `timeout`: the file takes too long. */
export type AnalysisAnswer =
  | { is: 'analysed'; analysis: AudioAnalysis }
  | { is: 'unsupported' }
  | { is: 'undecodable' }
  | { is: 'timeout' };

/** Decoded audio: a piece of a track. */
export interface Pcm {
  /** At least one; all have the same length. The arrays are not used again by the decoder. */
  channels: readonly Float32Array[];
  sampleRate: number;
  /** How the channels are ordered: as in WAVE and FLAC, or as in Vorbis and Opus. */
  order: 'wave' | 'vorbis';
}

/** Decodes a file piece by piece; a piece is at most a few megabytes. @throws if the file cannot be decoded */
export type DecodedAudio = AsyncIterable<Pcm>;

/** The number of peaks of a waveform. */
export const waveformPeaks = 400;
