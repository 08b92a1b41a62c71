import { invalidField } from '../errors/problem.js';
import { oneLine } from './one-line.js';

/**
 * A file's name as the browser sent it: without folders, and never one that points elsewhere.
 * @throws {Problem} invalid_field
 */
export function originalName(given: string): string {
  const segments = given.split(/[/\\]/);
  // eslint-disable-next-line no-control-regex -- that is what is refused
  if (segments.includes('..') || segments[0] === '' || /[\u0000-\u001f\u007f]/.test(given)) {
    throw invalidField('audio_file', 'The file’s name must be a plain name, without a path in it.');
  }
  const name = oneLine(segments.at(-1));
  if (name === null || name === '.') throw invalidField('audio_file', 'The file needs a name.');
  return name;
}

/** A title for a track whose file carries none: its name without the ending. */
export const titleOf = (name: string): string => name.replace(/(.)\.[a-z0-9]{1,5}$/i, '$1');
