import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../errors/problem.js';

/**
 * Express middleware: a body of another kind would be passed over as if it were not there, and the request carried
 * out without it.
 * @throws {Problem} unsupported_media_type
 */
export function jsonOnly(request: Request, _response: Response, next: NextFunction): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  const hasBody = encoding !== undefined || Number(length ?? 0) > 0;
  if (hasBody && !request.is(['application/json', 'application/*+json', 'multipart/form-data'])) {
    throw new Problem(
      'unsupported_media_type',
      'Send the body as JSON, with Content-Type: application/json.',
    );
  }
  next();
}
