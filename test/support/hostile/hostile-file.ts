import type { ErrorCode } from '../../../src/contract/index.js';
import type { Pieces } from './bytes.js';

export type Outcome =
  'accepted' | Extract<ErrorCode, 'unsupported_media_type' | 'unreadable_audio' | 'audio_too_complex'>;

/** A file made to block or crash the server, and the outcomes that are correct for it. */
export interface HostileFile {
  name: string;
  /** Can be iterated only once. */
  pieces: Pieces;
  expected: readonly Outcome[];
}

/** The audio is complete, and the hostile part is cheap to skip. */
export const audio: readonly Outcome[] = ['accepted'];
export const complex: readonly Outcome[] = ['audio_too_complex'];
export const unreadable: readonly Outcome[] = ['unreadable_audio'];
export const unsupported: readonly Outcome[] = ['unsupported_media_type'];
export const refused: readonly Outcome[] = [
  'unsupported_media_type',
  'unreadable_audio',
  'audio_too_complex',
];
export const any: readonly Outcome[] = ['accepted', ...refused];
