import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Problem } from '../errors/problem.js';
import { FairQueue } from '../limits/fair-queue.js';
import { AudioStore, type ByteRange, type FileReader } from './storage/audio-store.js';

/**
 * Chunks (64 KiB) of all files that are sent in one turn of the event loop. Without a limit, a turn with hundreds of
 * streams takes 20 ms, and Node accepts only one new connection in each turn.
 */
const chunksPerTurn = 4;
const chunkBytes = 64 * 1024;
/** Buffers that are kept for the next files. New ones for each file would fragment the memory of the process. */
const maxSpareBuffers = 64;

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
  readonly #turns = new FairQueue({ maxRunning: chunksPerTurn, maxWaiting: Infinity });
  readonly #spareBuffers: Buffer[] = [];

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
      const { reader, first, last, totalBytes } = file;
      const describe = () => {
        if (range !== undefined) {
          response.status(206).setHeader('Content-Range', `bytes ${first}-${last}/${totalBytes}`);
        }
        response.setHeader('Content-Type', mimeType);
        response.setHeader('Content-Length', last - first + 1);
      };
      if (request.method === 'HEAD') {
        describe();
        response.end();
      } else await this.#sendChunks(response, userId, reader, last - first + 1, describe);
    } finally {
      if (file.status === 'opened') await file.reader.close();
    }
  }

  /** @param begin sets the headers: called after the first chunk was read, so that a failure is answered as an error */
  async #sendChunks(
    response: Response,
    userId: string,
    reader: FileReader,
    expectedBytes: number,
    begin: () => void,
  ): Promise<void> {
    const buffer = this.#spareBuffers.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
    const read = () =>
      this.#turns.run(userId, async () => {
        // It may have been closed while this waited.
        const count = response.destroyed ? 0 : await reader.read(buffer);
        await nextTurn();
        return count;
      });
    let count = await read();
    if (count === 0 && expectedBytes > 0 && !response.destroyed) throw truncated();
    if (!response.destroyed) begin();
    let sentBytes = 0;
    while (count > 0 && !response.destroyed) {
      sentBytes += count;
      if (!(await flushed(response, buffer.subarray(0, count)))) return;
      // Reading on, to find the end, would take another turn.
      count = sentBytes < expectedBytes ? await read() : 0;
    }
    if (response.destroyed) return;
    if (sentBytes < expectedBytes) throw truncated();
    response.end();
    if (this.#spareBuffers.length < maxSpareBuffers) this.#spareBuffers.push(buffer);
  }
}

const truncated = () => new Error('a stored file is shorter than it was when it was opened');

/** Writes a chunk. @returns true once its memory may be used again, false if the client has closed the connection */
function flushed(response: Response, chunk: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const close = () => resolve(false);
    response.once('close', close);
    response.write(chunk, (error) => {
      response.off('close', close);
      resolve(!error);
    });
  });
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
