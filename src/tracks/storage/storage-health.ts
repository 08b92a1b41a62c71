import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { DatabaseIdentity } from './database-identity.js';
import { FreeSpace } from './free-space.js';
import { UploadFolder } from './upload-folder.js';

/** Reports on the storage for the readiness check. One instance, owned by the tracks module. */
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

  /** Writes a small file into the data folder. @throws the error of the file system */
  probe(): Promise<void> {
    return this.uploads.probe();
  }

  /** Why uploads are refused; undefined if they are accepted. */
  async uploadsRefused(): Promise<string | undefined> {
    const free = await this.space.freeBytes();
    const { floorBytes } = this.space;
    if (free >= floorBytes && free > 0) return undefined;
    const megabytes = (bytes: number) => Math.floor(bytes / (1024 * 1024));
    return `${megabytes(free)} MB are free on the disk, MIN_FREE_MB is ${megabytes(floorBytes)}`;
  }

  /** Why no audio file is moved or deleted; undefined if the files belong to the database. */
  get unrecognised(): string | undefined {
    return this.identity.unrecognised;
  }
}
