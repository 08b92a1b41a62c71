import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { DatabaseIdentity } from './database-identity.js';
import { FreeSpace } from './free-space.js';
import { UploadFolder } from './upload-folder.js';

/** The state of the data folder, for readiness. */
@Injectable()
export class StorageHealth implements OnApplicationBootstrap {
  constructor(
    private readonly uploads: UploadFolder,
    private readonly space: FreeSpace,
    private readonly identity: DatabaseIdentity,
    @InjectPinoLogger(StorageHealth.name) private readonly log: PinoLogger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const refused = await this.uploadsRefused().catch(() => undefined);
    if (refused !== undefined) this.log.warn(`uploads are refused: ${refused}`);
  }

  /** Writes a small file. @throws where that fails */
  probe(): Promise<void> {
    return this.uploads.probe();
  }

  /** Why no upload is taken; undefined where uploads are taken. */
  async uploadsRefused(): Promise<string | undefined> {
    const free = await this.space.freeBytes();
    const { floorBytes } = this.space;
    if (free >= floorBytes && free > 0) return undefined;
    const megabytes = (bytes: number) => Math.floor(bytes / (1024 * 1024));
    return `${megabytes(free)} MB are free on the disk, MIN_FREE_MB is ${megabytes(floorBytes)}`;
  }

  /** Why the audio files are left alone; undefined where the database is the one that they belong to. */
  get unrecognised(): string | undefined {
    return this.identity.unrecognised;
  }
}
