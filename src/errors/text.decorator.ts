import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';

/**
 * A line of text for people: surrounding white space goes, control characters and broken UTF-16 are refused.
 * @param min @param max length in UTF-16 units, after trimming
 */
export const IsLine = (min: number, max: number) =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value)),
    Length(min, max),
    // eslint-disable-next-line no-control-regex -- that is what is refused
    Matches(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]*$/u, {
      message: '$property must not hold control characters',
    }),
    IsString(),
  );
