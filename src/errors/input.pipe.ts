import { type ArgumentMetadata, Injectable, type PipeTransform, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { requireSimple } from './input-shape.js';
import { Problem } from './problem.js';

const explain = (errors: ValidationError[], path = ''): { field: string; message: string }[] =>
  errors.flatMap((error) => {
    const field = path ? `${path}.${error.property}` : error.property;
    const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
    return [...own, ...explain(error.children ?? [], field)];
  });

/**
 * Validates the input of REST routes and socket messages against its DTO. A value that is not an object is
 * `malformed`, a wrong field is `invalid_field`. Fields that the DTO does not declare are dropped.
 */
@Injectable()
export class InputPipe implements PipeTransform {
  private readonly pipe = new ValidationPipe({
    transform: true,
    whitelist: true,
    stopAtFirstError: true,
    exceptionFactory: (errors) => {
      const details = explain(errors);
      return new Problem('invalid_field', details[0]?.message ?? 'A field is invalid.', details);
    },
  });

  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { metatype, type } = metadata;
    const plain = !metatype || ([Object, String, Number, Boolean, Array] as unknown[]).includes(metatype);
    if (plain || (type !== 'body' && type !== 'query')) return value;
    const input = value ?? {};
    if (typeof input !== 'object' || Array.isArray(input) || Buffer.isBuffer(input)) {
      throw new Problem('malformed', 'The input must be a JSON object.');
    }
    requireSimple(input);
    return this.pipe.transform(input, metadata);
  }
}
