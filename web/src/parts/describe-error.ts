import { RoomcastError } from '@roomcast/client';
import type { Texts } from '../i18n/language.js';

/** A sentence for people about an error of a command. */
export function describeError(error: unknown, { errors }: Texts): string {
  if (error instanceof RoomcastError) {
    const text: unknown = Object.hasOwn(errors, error.code) && errors[error.code as keyof typeof errors];
    return typeof text === 'string' ? text : errors.unknown(error.message);
  }
  return errors.unknown(error instanceof Error ? error.message : String(error));
}
