import { Module } from '@nestjs/common';
import { PlaybackModule } from '../playback/playback.module.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { TracksModule } from '../tracks/tracks.module.js';
import { RoomStateController } from './room-state.controller.js';
import { RoomStateService } from './room-state.service.js';

/** Reads the complete state of a room and its log, from what the feature modules export. */
@Module({
  imports: [RoomsModule, TracksModule, PlaybackModule],
  controllers: [RoomStateController],
  providers: [RoomStateService],
  exports: [RoomStateService],
})
export class RoomStateModule {}
