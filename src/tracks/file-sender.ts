import { stat } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Problem } from '../errors/problem.js';
import { FileStore } from './storage/file-store.js';

/** A file of a track: its audio or its cover. */
export interface TrackFile {
  trackId: string;
  sha256: string;
  mimeType: string;
}

/** Answers with a kept file: whole, or the range asked for, or that the caller has it already. */
@Injectable()
export class FileSender {
  constructor(
    private readonly store: FileStore,
    @InjectPinoLogger(FileSender.name) private readonly log: PinoLogger,
  ) {}

  /** @throws {Problem} range_not_satisfiable, audio_missing */
  async send(response: Response, file: TrackFile): Promise<void> {
    const { sha256, mimeType } = file;
    const path = this.store.path(sha256);
    const size = await sizeOf(path);
    if (size === undefined) throw this.#missing(file, path);
    const { headers } = response.req;
    // Asking for the last n bytes of a shorter file is asking for all of it (RFC 9110, 14.1.2); Express refuses it.
    const suffix = /^bytes=-(\d+)$/.exec(headers.range ?? '')?.[1];
    if (suffix !== undefined && Number(suffix) > size) headers.range = 'bytes=0-';
    response.setHeader('Content-Type', mimeType);
    response.setHeader('ETag', `"${sha256}"`);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    // The bytes of a track never change; who may read them does, so nobody between may keep them.
    response.setHeader('Cache-Control', 'private, max-age=3600');
    return new Promise((resolve, reject) => {
      response.sendFile(path, { cacheControl: false, dotfiles: 'allow', lastModified: false }, (error) => {
        if (!error) return resolve();
        const { status, code } = error as Error & { status?: number; code?: string };
        // The listener went away, as they do when they seek: nobody is left to answer.
        if (code === 'ECONNABORTED' || code === 'EPIPE' || code === 'ECONNRESET') return resolve();
        if (status === 416) {
          reject(new Problem('range_not_satisfiable', 'The range lies outside of the file.'));
        } else if (code === 'ENOENT') reject(this.#missing(file, path));
        else reject(error);
      });
    });
  }

  #missing({ trackId }: TrackFile, path: string): Problem {
    this.log.error({ track_id: trackId, file: path }, 'a file of a track is missing');
    return new Problem('audio_missing', 'The server has lost this file; upload the track again.');
  }
}

/** @returns undefined where there is no such file */
const sizeOf = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};
