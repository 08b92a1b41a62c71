import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { FileSender } from './file-sender.js';
import { FileStore } from './file-store.js';
import { QueueService } from './queue.service.js';
import { RoomTracksController } from './room-tracks.controller.js';
import { OpenTransfers } from './transfers/open-transfers.js';
import { TracksController } from './tracks.controller.js';
import { TracksService } from './tracks.service.js';
import { UploadsService } from './uploads.service.js';

@Module({
  imports: [AuthModule, RoomsModule],
  controllers: [RoomTracksController, TracksController],
  providers: [TracksService, UploadsService, QueueService, FileStore, FileSender, OpenTransfers],
  exports: [QueueService],
})
export class TracksModule {}
