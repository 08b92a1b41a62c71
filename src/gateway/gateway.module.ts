import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RoomStateModule } from '../room-state/room-state.module.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { FeedContext } from './feed-context.js';
import { HandshakeLimits } from './handshake-limits.js';
import { LobbyGateway } from './lobby.gateway.js';
import { PacketGuard } from './packet-guard.js';
import { RoomEntrance } from './room-entrance.js';
import { RoomFeedsService } from '../delivery/room-streams.js';
import { RoomGateway } from './room.gateway.js';
import { SocketAdmission } from './socket-admission.js';

/** The Socket.IO gateways of the lobby and of rooms, and what they need to admit and serve connections. */
@Module({
  imports: [AuthModule, RoomsModule, RoomStateModule],
  providers: [
    RoomGateway,
    LobbyGateway,
    FeedContext,
    RoomEntrance,
    RoomFeedsService,
    SocketAdmission,
    HandshakeLimits,
    PacketGuard,
  ],
  exports: [RoomFeedsService, SocketAdmission],
})
export class GatewayModule {}
