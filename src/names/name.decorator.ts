import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsString, ValidateBy } from 'class-validator';
import { isNormalisable, nameFault, normaliseName } from './name.js';

/**
 * Decorator: normalises a username or room name and validates it.
 * @param min @param max length in code points, after normalisation
 */
export const IsName = (min: number, max: number) =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && isNormalisable(value, max) ? normaliseName(value) : value,
    ),
    ValidateBy({
      name: 'isName',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && nameFault(value, min, max) === undefined,
        defaultMessage: (args) =>
          `${args?.property} ${typeof args?.value === 'string' ? nameFault(args.value, min, max) : 'must be a string'}`,
      },
    }),
    IsString(),
  );
