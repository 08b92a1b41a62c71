import { Module } from '@nestjs/common';
import { ParticipantsService } from './participants.service.js';
import { NodesService } from './nodes.service.js';
import { PresenceService } from './presence.service.js';
import { RoomAccess } from './room-access.js';
import { RoomsController } from './rooms.controller.js';
import { RoomsReader } from './rooms.reader.js';
import { RoomsService } from './rooms.service.js';

@Module({
  controllers: [RoomsController],
  providers: [RoomsService, ParticipantsService, PresenceService, NodesService, RoomsReader, RoomAccess],
  exports: [PresenceService, RoomsReader, RoomAccess],
})
export class RoomsModule {}
