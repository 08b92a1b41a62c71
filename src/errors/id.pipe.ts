import { Injectable, type PipeTransform } from '@nestjs/common';
import { validate } from 'uuid';
import { Problem } from './problem.js';

/** A UUID in a path; lower case from here on. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!validate(value)) throw new Problem('malformed', 'An id in the path is not a UUID.');
    return value.toLowerCase();
  }
}
