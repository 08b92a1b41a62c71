import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { InvitesController } from './invites.controller.js';
import { InvitesService } from './invites.service.js';
import { OperatorRooms } from './operator-rooms.js';
import { ParticipantsService } from './participants.service.js';
import { DeadConnectionsService } from './presence/dead-connections.service.js';
import { ListenerCounts } from './presence/listener-counts.js';
import { ListenerReports } from './presence/listener-reports.js';
import { PresenceWriter } from './presence/presence-writer.js';
import { PresenceService } from './presence/presence.service.js';
import { RoomAccess } from './room-access.js';
import { RoomLimits } from './room-limits.js';
import { RoomsController } from './rooms.controller.js';
import { RoomsReader } from './rooms.reader.js';
import { RoomsService } from './rooms.service.js';
import { UserUpdatesService } from './user-updates.service.js';

/** Rooms, participants, invites and presence. */
@Module({
  imports: [AuthModule],
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
    UserUpdatesService,
    RoomsReader,
    RoomAccess,
    RoomLimits,
    OperatorRooms,
  ],
  exports: [
    PresenceService,
    ListenerCounts,
    ListenerReports,
    RoomsReader,
    RoomAccess,
    InvitesService,
    OperatorRooms,
  ],
})
export class RoomsModule {}
