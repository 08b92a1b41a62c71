import type { ErrorCode } from '../../contract/index.js';

/** The result of inspecting an accepted audio file. */
export interface InspectedAudio {
  title: string | null;
  artist: string | null;
  album: string | null;
  /** Seconds. */
  duration: number;
  mimeType: string;
  cover: { bytes: Uint8Array; mimeType: string } | null;
}

/** Message from the main thread to a worker thread. */
export interface InspectionRequest {
  path: string;
}

/** Answer of a worker thread. If the thread throws instead, the server is at fault and not the file. */
export type InspectionAnswer =
  { accepted: true; audio: InspectedAudio } | { accepted: false; code: RefusalCode; message: string };

export type RefusalCode = Extract<
  ErrorCode,
  'unsupported_media_type' | 'unreadable_audio' | 'audio_too_complex'
>;

/** Thrown in the worker thread for a file that is not accepted. The message is shown to the uploader. */
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

export const truncated = (): Refusal =>
  new Refusal('unreadable_audio', 'The file is truncated: it ends before the end that its headers announce.');
