import { type ArgumentMetadata, Injectable, type PipeTransform, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { Problem } from './problem.js';

const explain = (errors: ValidationError[], path = ''): { field: string; message: string }[] =>
  errors.flatMap((error) => {
    const field = path ? `${path}.${error.property}` : error.property;
    const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
    return [...own, ...explain(error.children ?? [], field)];
  });

/** Deeper than anything we ask for; what follows descends as deep as the input does, and runs out of stack. */
const deepest = 16;

const isDeeperThan = (levels: number, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !ArrayBuffer.isView(value) &&
  (levels === 0 || Object.values(value).some((held) => isDeeperThan(levels - 1, held)));

/**
 * Checks input against its DTO, for REST and sockets alike: a value that is no object is `malformed`, a wrong
 * field `invalid_field`. Fields that no DTO names are dropped.
 */
@Injectable()
export class InputPipe implements PipeTransform {
  private readonly pipe = new ValidationPipe({
    transform: true,
    whitelist: true,
    stopAtFirstError: true,
    exceptionFactory: (errors) => {
      const details = explain(errors);
      return new Problem('invalid_field', details[0]?.message ?? 'A field is wrong.', details);
    },
  });

  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { metatype, type } = metadata;
    const plain = !metatype || ([Object, String, Number, Boolean, Array] as unknown[]).includes(metatype);
    if (plain || (type !== 'body' && type !== 'query')) return value;
    const input = value ?? {};
    if (typeof input !== 'object' || Array.isArray(input) || Buffer.isBuffer(input)) {
      throw new Problem('malformed', 'A JSON object is expected.');
    }
    if (isDeeperThan(deepest, input)) throw new Problem('malformed', 'The input is nested too deeply.');
    return this.pipe.transform(input, metadata);
  }
}
