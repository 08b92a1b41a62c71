import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Problem } from '../errors/problem.js';
import { FairQueue } from '../limits/fair-queue.js';
import { AudioStore, type ByteRange } from './storage/audio-store.js';

/**
 * Chunks (64 KiB) of all files that are sent in one turn of the event loop. Without a limit, a turn with hundreds of
 * streams takes 20 ms, and Node accepts only one new connection in each turn.
 */
const chunksPerTurn = 4;

/** A stored file of a track: its audio or its cover. */
export interface TrackFile {
  /** The caller: users take turns. */
  userId: string;
  trackId: string;
  sha256: string;
  mimeType: string;
}

/**
 * Answers a GET or HEAD request with a stored file (RFC 9110): the whole file, a range, or 304. Owned by the tracks
 * module; the controller has checked that the caller may read the file. Until the first byte has been read from the
 * store, every failure is thrown and can still become an error answer.
 *
 * The chunks of all files are sent in turns, so that hundreds of streams delay neither each other nor anything else.
 */
@Injectable()
export class FileSender {
  /** The waiting chunks are limited by the number of open transfers, one each. */
  readonly #chunks = new FairQueue({ maxRunning: chunksPerTurn, maxWaiting: Infinity });

  constructor(
    private readonly store: AudioStore,
    @InjectPinoLogger(FileSender.name) private readonly log: PinoLogger,
  ) {}

  /** @throws {Problem} audio_missing, precondition_failed, range_not_satisfiable */
  async send(response: Response, { userId, trackId, sha256, mimeType }: TrackFile): Promise<void> {
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
      const chunks = this.#inTurns(userId, stream);
      // Before the headers: if the file cannot be read, the answer is still an error.
      const start = request.method === 'HEAD' ? undefined : await chunks.next();
      if (range !== undefined) {
        response.status(206).setHeader('Content-Range', `bytes ${first}-${last}/${totalBytes}`);
      }
      response.setHeader('Content-Type', mimeType);
      response.setHeader('Content-Length', last - first + 1);
      if (start === undefined || start.done) response.end();
      else await pipeline(following(start.value, chunks), response);
    } catch (error) {
      // The client closed the connection, as players do when they seek: there is no one to answer.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    } finally {
      if (file.status === 'opened') file.stream.destroy();
    }
  }

  async *#inTurns(userId: string, stream: Readable): AsyncGenerator<Buffer, void> {
    const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
    for (;;) {
      const chunk = await this.#chunks.run(userId, async () => {
        const read = await chunks.next();
        await nextTurn();
        return read;
      });
      if (chunk.done) return;
      yield chunk.value;
    }
  }
}

async function* following<T>(first: T, others: AsyncIterable<T>): AsyncGenerator<T, void> {
  yield first;
  yield* others;
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
