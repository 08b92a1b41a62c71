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
import { finalize, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../auth/caller.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { IdPipe } from '../errors/id.pipe.js';
import { invalidField, Problem } from '../errors/problem.js';
import { FileStore, type Incoming } from './storage/file-store.js';
import type { Reservation } from './storage/storage-quota.js';
import { OpenTransfers } from './transfers/open-transfers.js';
import { UploadsService } from './uploads.service.js';

export const uploadField = 'audio_file';

/** A multipart file as it has arrived on disk. */
export interface UploadedAudio {
  incoming: Incoming;
  name: string;
  /** Aborted if the uploader loses the permission during the upload. */
  ended: AbortSignal;
  /** Released once the request is answered. */
  reservation: Reservation;
}

type RequestWithAudio = AuthenticatedRequest & {
  audio?: UploadedAudio;
  reservation?: Reservation;
  file?: Express.Multer.File & Partial<Incoming>;
};

/** Streams the file of a multipart request to disk, once it is sure that the caller may upload here. */
@Injectable()
export class AudioUploadInterceptor implements NestInterceptor {
  readonly #receive: (request: Request, response: Response) => Promise<void>;
  readonly #id = new IdPipe();

  constructor(
    private readonly uploads: UploadsService,
    private readonly transfers: OpenTransfers,
    store: FileStore,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    const middleware = multer({
      storage: {
        _handleFile: (request: RequestWithAudio, file, done) => {
          store
            .receive(file.stream, request.reservation!)
            .then((incoming) => done(null, incoming as Partial<Express.Multer.File>), done);
        },
        _removeFile: (_request, file, done) => {
          store.discard(file as unknown as Incoming).then(() => done(null), done);
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
      // So that a name with a path in it can be seen and refused, instead of being made to look harmless.
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
    // Before the permission is looked at, so that losing it afterwards ends the upload.
    const ended = this.transfers.begin('upload', { userId: user.id, sessionId, roomId }, response);
    await this.uploads.requireMayUpload(user, roomId);
    if (!request.is('multipart/form-data')) {
      throw new Problem(
        'unsupported_media_type',
        `Send the file as multipart/form-data, in the field ${uploadField}.`,
      );
    }
    const announcedBytes = Math.min(
      Number(request.headers['content-length'] ?? 0),
      this.settings.maxUploadBytes,
    );
    const reservation = await this.uploads.reserve(user, roomId, announcedBytes);
    request.reservation = reservation;
    try {
      await this.#receive(request, response);
      const { file } = request;
      if (!file) throw invalidField(uploadField, `The form has no file in the field ${uploadField}.`);
      const { path, sha256, size } = file as unknown as Incoming;
      request.audio = { incoming: { path, sha256, size }, name: file.originalname, ended, reservation };
    } catch (error) {
      reservation.release();
      throw error;
    }
    return next.handle().pipe(finalize(() => reservation.release()));
  }
}
