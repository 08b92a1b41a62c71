import type { ErrorCode } from '../../../src/contract/index.js';
import type { Pieces } from './bytes.js';

export type Outcome =
  'accepted' | Extract<ErrorCode, 'unsupported_media_type' | 'unreadable_audio' | 'audio_too_complex'>;

export interface HostileFile {
  name: string;
  /** Read once. */
  pieces: Pieces;
  expected: readonly Outcome[];
}

/** Its audio is whole; what surrounds it costs nothing. */
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
