import { HttpException } from '@nestjs/common';
import { type ErrorCode, errorCodes } from '../contract/index.js';
import { Problem } from './problem.js';
import { storageFailureOf, storageFailureTexts } from './storage-failure.js';

/** The codes of the framework's errors, by HTTP status. */
const codes: Record<number, ErrorCode> = {
  400: 'malformed',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  408: 'request_timeout',
  412: 'precondition_failed',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  416: 'range_not_satisfiable',
  422: 'invalid_field',
  429: 'rate_limited',
  503: 'unavailable',
};

/** Messages for codes whose message from the framework would be wrong or useless to the caller. */
const messages: Partial<Record<ErrorCode, string>> = {
  not_found: errorCodes.not_found.description,
  precondition_failed: 'The file does not match If-Match or If-Unmodified-Since.',
  payload_too_large: 'The body is larger than allowed.',
  unsupported_media_type:
    'The content type of the body is not supported; send JSON, or multipart/form-data for an upload.',
  rate_limited: 'Too many requests; try again after Retry-After seconds.',
};

/**
 * Converts any error to what the caller is told. A Problem is returned unchanged; errors of the framework and of the
 * HTTP parsers get a code by their status; a failure of the storage is `unavailable`; anything else is `internal`,
 * and its message is not shown.
 */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const status = statusOf(error);
  // Multer's own errors have a code and no status.
  const multer = multerProblem(error);
  if (multer) return multer;
  if (status !== undefined && status >= 400 && status < 500) {
    const code = codes[status] ?? 'malformed';
    const text = error instanceof Error ? error.message : '';
    return new Problem(code, messages[code] ?? (text || 'The request could not be parsed.'));
  }
  const failure = storageFailureOf(error);
  if (failure !== undefined) {
    return new Problem(
      'unavailable',
      `The server cannot do this right now (storage: ${storageFailureTexts[failure]}); try again later.`,
    );
  }
  if (status === 503) return new Problem('unavailable', 'The server cannot do this right now; try again.');
  return new Problem('internal', 'The server failed; the error has been logged. Try again.');
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof URIError) return 400;
  if (typeof error !== 'object' || error === null) return undefined;
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown };
  const value = status ?? statusCode;
  return typeof value === 'number' ? value : undefined;
}

function multerProblem(error: unknown): Problem | undefined {
  const text = error instanceof Error ? error.message : '';
  const { code, name, field } = (error ?? {}) as { code?: unknown; name?: unknown; field?: unknown };
  if (name === 'MulterError' || (typeof code === 'string' && code.startsWith('LIMIT_'))) {
    if (code === 'LIMIT_FILE_SIZE') {
      return new Problem('payload_too_large', 'The file is larger than allowed.');
    }
    const hint = code === 'LIMIT_UNEXPECTED_FILE' ? ' (the audio belongs in the field audio_file)' : '';
    return new Problem('invalid_field', `The form is invalid: ${text}${hint}.`, [
      { field: typeof field === 'string' ? field : 'audio_file', message: text },
    ]);
  }
  if (
    /^(Request aborted|Multipart:|Unexpected end of (form|file)|Malformed (part|content)|Missing Content-Type)/i.test(
      text,
    )
  ) {
    return new Problem('malformed', 'The multipart form is truncated or malformed; send it again.');
  }
  return undefined;
}
