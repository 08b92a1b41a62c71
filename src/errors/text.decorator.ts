import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';

/**
 * Decorator: a single line of text. Surrounding white space is removed; control characters and lone surrogates are
 * refused.
 * @param min @param max length in UTF-16 units, after trimming
 */
export const IsLine = (min: number, max: number) =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value)),
    Length(min, max),
    // eslint-disable-next-line no-control-regex -- control characters are what it refuses
    Matches(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]*$/u, {
      message: '$property must not contain control characters',
    }),
    IsString(),
  );
