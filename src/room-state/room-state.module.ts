import { Module } from '@nestjs/common';
import { PlaybackModule } from '../playback/playback.module.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { TracksModule } from '../tracks/tracks.module.js';
import { PreviewsController } from './previews.controller.js';
import { PreviewsService } from './previews.service.js';
import { RoomStateController } from './room-state.controller.js';
import { RoomStateService } from './room-state.service.js';

/** Reads the complete state of a room, its log and its preview, from what the feature modules export. */
@Module({
  imports: [RoomsModule, TracksModule, PlaybackModule],
  controllers: [RoomStateController, PreviewsController],
  providers: [RoomStateService, PreviewsService],
  exports: [RoomStateService],
})
export class RoomStateModule {}
