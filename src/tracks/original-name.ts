import { invalidField } from '../errors/problem.js';
import { oneLine } from './one-line.js';

/**
 * The name of an uploaded file, without the folders that some clients send.
 * @throws {Problem} invalid_field for an absolute path, a path with `..` and control characters
 */
export function originalName(given: string): string {
  const segments = given.split(/[/\\]/);
  // eslint-disable-next-line no-control-regex -- these are refused
  if (segments.includes('..') || segments[0] === '' || /[\u0000-\u001f\u007f]/.test(given)) {
    throw invalidField('audio_file', 'The file name must not contain a path.');
  }
  const name = oneLine(segments.at(-1));
  if (name === null || name === '.') throw invalidField('audio_file', 'The file has no name.');
  return name;
}

/** The title of a track whose tags have none: the file name without its extension. */
export const titleOf = (name: string): string => name.replace(/(.)\.[a-z0-9]{1,5}$/i, '$1');
