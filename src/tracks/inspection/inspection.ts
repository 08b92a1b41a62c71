import type { ErrorCode } from '../../contract/index.js';

/** What is known of an audio file after it was inspected. */
export interface InspectedAudio {
  title: string | null;
  artist: string | null;
  album: string | null;
  /** Seconds. */
  duration: number;
  mimeType: string;
  cover: { bytes: Uint8Array; mimeType: string } | null;
}

/** What the main thread sends to a worker. */
export interface InspectionRequest {
  path: string;
}

/** What a worker answers. An exception instead of an answer is a fault of the server. */
export type InspectionAnswer =
  { accepted: true; audio: InspectedAudio } | { accepted: false; code: RefusalCode; message: string };

export type RefusalCode = Extract<
  ErrorCode,
  'unsupported_media_type' | 'unreadable_audio' | 'audio_too_complex'
>;

/** Thrown inside the worker for a file that is not accepted. */
export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'Refusal';
  }
}

export const cutOff = (): Refusal =>
  new Refusal('unreadable_audio', 'The file is cut off: it ends in the middle of something it announces.');
