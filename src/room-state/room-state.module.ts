import { Module } from '@nestjs/common';
import { PlaybackModule } from '../playback/playback.module.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { TracksModule } from '../tracks/tracks.module.js';
import { RoomStateController } from './room-state.controller.js';
import { RoomStateService } from './room-state.service.js';

/**
 * A room's state, read from all features in one snapshot. Above the features, so that none of them depends on another
 * for it.
 */
@Module({
  imports: [RoomsModule, TracksModule, PlaybackModule],
  controllers: [RoomStateController],
  providers: [RoomStateService],
  exports: [RoomStateService],
})
export class RoomStateModule {}
