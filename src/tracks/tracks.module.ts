import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { FileSender } from './file-sender.js';
import { QueueService } from './queue.service.js';
import { RoomTracksController } from './room-tracks.controller.js';
import { AudioStore } from './storage/audio-store.js';
import { DatabaseIdentity } from './storage/database-identity.js';
import { FolderAudioStore } from './storage/folder-audio-store.js';
import { FreeSpace } from './storage/free-space.js';
import { StorageHealth } from './storage/storage-health.js';
import { StorageQuota } from './storage/storage-quota.js';
import { StorageUses } from './storage/storage-use.js';
import { TrackFiles } from './storage/track-files.js';
import { UploadFolder } from './storage/upload-folder.js';
import { TrackLimits } from './track-limits.js';
import { TracksController } from './tracks.controller.js';
import { TracksService } from './tracks.service.js';
import { OpenTransfers } from './transfers/open-transfers.js';
import { UploadsService } from './uploads.service.js';

/** Tracks: uploads and their files, votes and the queue. */
@Module({
  imports: [AuthModule, RoomsModule],
  controllers: [RoomTracksController, TracksController],
  providers: [
    TracksService,
    UploadsService,
    QueueService,
    TrackLimits,
    FileSender,
    OpenTransfers,
    UploadFolder,
    { provide: AudioStore, useClass: FolderAudioStore },
    TrackFiles,
    DatabaseIdentity,
    FreeSpace,
    StorageQuota,
    StorageHealth,
    StorageUses,
  ],
  exports: [QueueService, StorageHealth, StorageUses],
})
export class TracksModule {}
