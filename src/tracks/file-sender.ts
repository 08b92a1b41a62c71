import { stat } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { Problem } from '../errors/problem.js';
import { FileStore } from './file-store.js';

/** Answers with a kept file: whole, or the range asked for, or that the caller has it already. */
@Injectable()
export class FileSender {
  constructor(private readonly store: FileStore) {}

  /** @throws {Problem} range_not_satisfiable */
  async send(response: Response, sha256: string, mimeType: string): Promise<void> {
    const path = this.store.path(sha256);
    const { headers } = response.req;
    // Asking for the last n bytes of a shorter file is asking for all of it (RFC 9110, 14.1.2); Express refuses it.
    const suffix = /^bytes=-(\d+)$/.exec(headers.range ?? '')?.[1];
    if (suffix !== undefined && Number(suffix) > (await stat(path)).size) headers.range = 'bytes=0-';
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
        } else reject(error);
      });
    });
  }
}
