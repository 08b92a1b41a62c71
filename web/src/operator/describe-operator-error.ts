import { RoomcastError } from '@roomcast/client';
import type { Texts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';

/** A sentence for the operator: here some codes mean something else than in a room. */
export function describeOperatorError(error: unknown, texts: Texts): string {
  const { operator, common } = texts;
  if (!(error instanceof RoomcastError)) return describeError(error, texts);
  const code: string = error.code;
  switch (code) {
    case 'unauthorized':
      return operator.wrongToken;
    case 'not_found':
      return operator.noToken;
    case 'rate_limited':
      return operator.rateLimited(common.inSeconds(Math.ceil(error.retryAfter ?? 60)));
    case 'room_not_found':
      return operator.roomGone;
    case 'user_not_found':
      return operator.userGone;
    default:
      return describeError(error, texts);
  }
}
