import type { NextFunction, Request, Response } from 'express';
import { Problem } from '../errors/problem.js';

/**
 * Express middleware: refuses bodies of other content types. Express would ignore such a body and handle the request as
 * if it had none.
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
