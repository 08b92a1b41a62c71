import { Module } from '@nestjs/common';
import { InvitesController } from './invites.controller.js';
import { InvitesService } from './invites.service.js';
import { ParticipantsService } from './participants.service.js';
import { DeadConnectionsService } from './presence/dead-connections.service.js';
import { ListenerCounts } from './presence/listener-counts.js';
import { ListenerReports } from './presence/listener-reports.js';
import { PresenceWriter } from './presence/presence-writer.js';
import { PresenceService } from './presence/presence.service.js';
import { RoomAccess } from './room-access.js';
import { RoomsController } from './rooms.controller.js';
import { RoomsReader } from './rooms.reader.js';
import { RoomsService } from './rooms.service.js';

/** Rooms, participants, invites and presence. */
@Module({
  controllers: [RoomsController, InvitesController],
  providers: [
    RoomsService,
    ParticipantsService,
    InvitesService,
    PresenceService,
    PresenceWriter,
    ListenerCounts,
    ListenerReports,
    DeadConnectionsService,
    RoomsReader,
    RoomAccess,
  ],
  exports: [PresenceService, ListenerCounts, ListenerReports, RoomsReader, RoomAccess],
})
export class RoomsModule {}
