import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import multer from 'multer';
import { lastValueFrom, type Observable, of } from 'rxjs';
import type { AuthenticatedRequest } from '../auth/caller.js';
import { addressKey } from '../config/client-addresses.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { IdPipe } from '../errors/id.pipe.js';
import { invalidField, Problem } from '../errors/problem.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import type { Reservation } from './storage/storage-quota.js';
import { type ReceivedFile, UploadFolder } from './storage/upload-folder.js';
import { TrackLimits } from './track-limits.js';
import { OpenTransfers } from './transfers/open-transfers.js';
import { UploadsService } from './uploads.service.js';

export const uploadField = 'audio_file';

/** The file of a multipart request. The file and the reservation are valid until the handler has returned. */
export interface UploadedAudio {
  file: ReceivedFile;
  /** The file name that the client sent, unchecked. */
  name: string;
  /** Aborted if the uploader loses the permission during the upload; the reason is the `Problem`. */
  ended: AbortSignal;
  reservation: Reservation;
}

type RequestWithAudio = AuthenticatedRequest & {
  audio?: UploadedAudio;
  reservation?: Reservation;
  file?: Express.Multer.File & Partial<ReceivedFile>;
};

/**
 * Receives the file of a multipart request into a temporary file and hands it to the handler as `request.audio`. One
 * instance, for the upload route. No byte of the body is read before it is certain that the caller may upload to this
 * room; when the request ends, successfully or not, the temporary file and the reservation are released. Of a repeat
 * (see `IdempotencyService`) the file is only hashed, and the handler does not run.
 */
@Injectable()
export class AudioUploadInterceptor implements NestInterceptor {
  readonly #receive: (request: Request, response: Response) => Promise<void>;
  readonly #id = new IdPipe();

  constructor(
    private readonly uploads: UploadsService,
    private readonly transfers: OpenTransfers,
    private readonly folder: UploadFolder,
    private readonly idempotency: IdempotencyService,
    private readonly limits: TrackLimits,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    const middleware = multer({
      storage: {
        _handleFile: (request: RequestWithAudio, file, done) => {
          const { reservation } = request;
          const received = reservation ? folder.receive(file.stream, reservation) : digest(file.stream);
          received.then((fields) => done(null, fields as Partial<Express.Multer.File>), done);
        },
        _removeFile: (_request, { path }, done) => {
          (path ? folder.discard({ path }) : Promise.resolve()).then(() => done(null), done);
        },
      },
      limits: {
        fileSize: settings.maxUploadBytes,
        files: 1,
        fields: 10,
        fieldSize: 4096,
        parts: 12,
        headerPairs: 50,
      },
      defParamCharset: 'utf8',
      // Without this, multer strips folders from the name, and a name with a path in it could not be refused.
      preservePath: true,
    }).single(uploadField);
    this.#receive = promisify<Request, Response, void>(middleware);
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<RequestWithAudio>();
    const roomId = this.#id.transform(String(request.params['id']));
    const response = http.getResponse<Response>();
    const { user, sessionId } = request.caller!;
    // Before the permission is checked, so that losing it afterwards aborts the upload.
    const ended = this.transfers.begin('upload', { userId: user.id, sessionId, roomId }, response);
    // Neither the permission nor the storage matters: nothing is stored.
    if (this.idempotency.isRepeat) return of(await this.#answerRepeat(request, response));
    await this.uploads.requireMayUpload(user, roomId);
    requireForm(request);
    await this.limits.upload(user.id, addressKey(request.ip), roomId);
    const announcedBytes = Math.min(
      Number(request.headers['content-length'] ?? 0),
      this.settings.maxUploadBytes,
    );
    const reservation = await this.uploads.reserve(user, roomId, announcedBytes);
    request.reservation = reservation;
    let file: ReceivedFile | undefined;
    try {
      requireOpen(request);
      const { path, sha256, sizeBytes, originalname: name } = await this.#receiveFile(request, response);
      file = { path, sha256, sizeBytes };
      this.idempotency.identify(bodyOf(sha256, name));
      request.audio = { file, name, ended, reservation };
      return of(await lastValueFrom(next.handle()));
    } finally {
      reservation.release();
      if (file) await this.folder.discard(file);
    }
  }

  /** @throws {Problem} idempotency_key_reused if it is not the same file with the same name after all */
  async #answerRepeat(request: RequestWithAudio, response: Response): Promise<object> {
    requireForm(request);
    requireOpen(request);
    const { sha256, originalname } = await this.#receiveFile(request, response);
    return this.idempotency.identify(bodyOf(sha256, originalname))!;
  }

  async #receiveFile(request: RequestWithAudio, response: Response) {
    await this.#receive(request, response);
    if (!request.file) throw invalidField(uploadField, `The form has no file in the field ${uploadField}.`);
    return request.file as Express.Multer.File & ReceivedFile;
  }
}

function requireForm(request: Request): void {
  if (request.is('multipart/form-data')) return;
  throw new Problem(
    'unsupported_media_type',
    `Send the file as multipart/form-data, in the field ${uploadField}.`,
  );
}

/** Multer would wait for ever for the body of a client that has gone. */
function requireOpen(request: Request): void {
  if (request.destroyed) throw new Error('Request aborted');
}

/** Hashes a file without storing it. */
async function digest(stream: Readable): Promise<Pick<ReceivedFile, 'sha256' | 'sizeBytes'>> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Identifies the body of an upload: the name is the title if the file has none. */
const bodyOf = (sha256: string, name: string): string => JSON.stringify([sha256, name]);
