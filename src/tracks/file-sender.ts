import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Problem } from '../errors/problem.js';
import { AudioStore, type ByteRange } from './storage/audio-store.js';

/** A stored file of a track: its audio or its cover. */
export interface TrackFile {
  trackId: string;
  sha256: string;
  mimeType: string;
}

/**
 * Answers a GET or HEAD request with a stored file (RFC 9110): the whole file, a range, or 304. Owned by the tracks
 * module; the controller has checked that the caller may read the file. Until the first byte has been read from the
 * store, every failure is thrown and can still become an error answer.
 */
@Injectable()
export class FileSender {
  constructor(
    private readonly store: AudioStore,
    @InjectPinoLogger(FileSender.name) private readonly log: PinoLogger,
  ) {}

  /** @throws {Problem} audio_missing, precondition_failed, range_not_satisfiable */
  async send(response: Response, { trackId, sha256, mimeType }: TrackFile): Promise<void> {
    const request = response.req;
    // The key is the content's hash, so it is a strong validator.
    const etag = `"${sha256}"`;
    const range = requestedRange(request, etag);
    const file = await this.store.open(sha256, range);
    if (file.status === 'missing') {
      this.log.error({ track_id: trackId, file: file.location }, 'a file of a track is missing');
      throw new Problem('audio_missing', 'The server has lost this file; upload the track again.');
    }
    try {
      response.setHeader('Accept-Ranges', 'bytes');
      response.setHeader('ETag', etag);
      response.setHeader('X-Content-Type-Options', 'nosniff');
      // The file never changes, but who may read it does, so shared caches must not store it.
      response.setHeader('Cache-Control', 'private, max-age=3600');
      if (isPreconditionFailed(request, etag)) {
        throw new Problem('precondition_failed', 'The file does not match If-Match or If-Unmodified-Since.');
      }
      if (request.fresh) {
        response.status(304).end();
        return;
      }
      if (file.status === 'range_not_satisfiable') {
        response.setHeader('Content-Range', `bytes */${file.totalBytes}`);
        throw new Problem('range_not_satisfiable', 'The range is outside of the file.');
      }
      const { stream, first, last, totalBytes } = file;
      if (request.method !== 'HEAD') await once(stream, 'readable');
      if (range !== undefined) {
        response.status(206).setHeader('Content-Range', `bytes ${first}-${last}/${totalBytes}`);
      }
      response.setHeader('Content-Type', mimeType);
      response.setHeader('Content-Length', last - first + 1);
      if (request.method === 'HEAD') response.end();
      else await pipeline(stream, response);
    } catch (error) {
      // The client closed the connection, as players do when they seek: there is no one to answer.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    } finally {
      if (file.status === 'opened') file.stream.destroy();
    }
  }
}

/**
 * The range to send; undefined for the whole file. Several ranges, a malformed range and other units than bytes are
 * ignored, as RFC 9110 (14.2) allows or demands. So is a range whose If-Range does not name this file.
 */
function requestedRange({ headers }: Request, etag: string): ByteRange | undefined {
  // No quantifiers that could match the same characters: the header is the caller's.
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '') ?? [];
  if (first === undefined || last === undefined) return undefined;
  const ifRange = headers['if-range'];
  if (ifRange && !ifRange.includes(etag)) return undefined;
  if (first === '') return last === '' ? undefined : { suffixBytes: Number(last) };
  if (last === '') return { first: Number(first) };
  return Number(first) > Number(last) ? undefined : { first: Number(first), last: Number(last) };
}

function isPreconditionFailed({ headers }: Request, etag: string): boolean {
  const match = headers['if-match'];
  if (match) {
    return match !== '*' && !match.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
  }
  // There is no Last-Modified that a date could be compared with.
  return !Number.isNaN(Date.parse(headers['if-unmodified-since'] ?? ''));
}
