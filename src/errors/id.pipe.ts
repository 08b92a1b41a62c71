import { Injectable, type PipeTransform } from '@nestjs/common';
import { validate } from 'uuid';
import { Problem } from './problem.js';

/** Validates a UUID in a path and converts it to lower case. @throws {Problem} malformed */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!validate(value)) throw new Problem('malformed', 'An id in the path is not a UUID.');
    return value.toLowerCase();
  }
}
