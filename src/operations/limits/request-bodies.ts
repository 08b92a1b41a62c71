import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Lifecycle } from '../../lifecycle/lifecycle.js';
import { Problem } from '../../errors/problem.js';
import { refuse } from './answers.js';

/** Time limit for the whole body of a request that is not an upload. */
export const bodyTimeoutMs = 10_000;
/** Uploads have no time limit but a minimum rate, averaged over each window. */
export const minUploadBytesPerSecond = 16 * 1024;
export const uploadWindowMs = 30_000;
/** Time limit for an upload without any received byte. */
export const uploadIdleMs = 30_000;
/**
 * How long the rest of a body is read after the request was answered: a client that still sends reads the answer only
 * afterwards.
 */
export const drainMs = 30_000;
const sweepEveryMs = 1000;

interface Body {
  request: IncomingMessage;
  response: ServerResponse;
  startedAt: number;
  isUpload: boolean;
  answeredAt: number | undefined;
  bytes: number;
  bytesAt: number;
  windowBytes: number;
  windowAt: number;
}

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;

/** Ends requests whose bodies arrive too slowly, with `request_timeout`. One timer checks all of them. */
@Injectable()
export class RequestBodies {
  readonly #bodies = new Set<Body>();

  constructor(lifecycle: Lifecycle) {
    lifecycle.repeat('the check for slow requests', sweepEveryMs, () => this.sweep(performance.now()));
  }

  /** Starts to watch a request, if it has a body. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    if (!hasBody(request)) return;
    const { 'content-type': type } = request.headers;
    const now = performance.now();
    const bytes = request.socket.bytesRead;
    this.#bodies.add({
      request,
      response,
      startedAt: now,
      isUpload: type?.toLowerCase().startsWith('multipart/form-data') ?? false,
      answeredAt: undefined,
      bytes,
      bytesAt: now,
      windowBytes: bytes,
      windowAt: now,
    });
  }

  /** @param now monotonic clock, in milliseconds */
  sweep(now: number): void {
    for (const body of this.#bodies) {
      const { request, response } = body;
      if (request.complete || request.socket.destroyed) {
        this.#bodies.delete(body);
      } else if (response.writableEnded) {
        body.answeredAt ??= now;
        if (now - body.answeredAt < drainMs) continue;
        this.#bodies.delete(body);
        request.destroy();
      } else if (isTooSlow(body, now)) {
        timeOut(body);
      }
    }
  }
}

function isTooSlow(body: Body, now: number): boolean {
  if (!body.isUpload) return now - body.startedAt >= bodyTimeoutMs;
  const { bytesRead } = body.request.socket;
  if (bytesRead > body.bytes) {
    body.bytes = bytesRead;
    body.bytesAt = now;
  } else if (now - body.bytesAt >= uploadIdleMs) {
    return true;
  }
  const elapsedMs = now - body.windowAt;
  if (elapsedMs < uploadWindowMs) return false;
  const received = bytesRead - body.windowBytes;
  body.windowBytes = bytesRead;
  body.windowAt = now;
  return received < (minUploadBytesPerSecond * elapsedMs) / 1000;
}

function timeOut({ request, response, isUpload }: Body): void {
  // Part of an answer has been sent: only closing the connection tells the client that it is incomplete.
  if (response.headersSent) {
    request.destroy();
    return;
  }
  // Destroy the request for the code that is reading the body: after an answer Node emits neither `aborted` nor `close`.
  response.once('finish', () => request.destroy());
  refuse(
    response,
    new Problem(
      'request_timeout',
      isUpload
        ? `The upload is too slow: it must have at least ${minUploadBytesPerSecond / 1024} KiB/s and no pause of ${uploadIdleMs / 1000} s.`
        : `The body did not arrive within ${bodyTimeoutMs / 1000} s.`,
    ),
  );
}
