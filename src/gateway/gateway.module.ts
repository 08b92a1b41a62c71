import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { PlaybackModule } from '../playback/playback.module.js';
import { RoomStateModule } from '../room-state/room-state.module.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { HandshakeLimits } from './handshake-limits.js';
import { LobbyGateway } from './lobby.gateway.js';
import { PacketGuard } from './packet-guard.js';
import { Reactions } from './reactions.js';
import { RoomEntrance } from './room-entrance.js';
import { RoomGateway } from './room.gateway.js';
import { SocketAdmission } from './socket-admission.js';
import { SocketTransport } from './transport/socket-transport.js';

/** Nest and Socket.IO: namespaces, admission, messages from clients, transports. */
@Module({
  imports: [AuthModule, RoomsModule, PlaybackModule, RoomStateModule],
  providers: [
    RoomGateway,
    LobbyGateway,
    RoomEntrance,
    Reactions,
    SocketAdmission,
    HandshakeLimits,
    PacketGuard,
    SocketTransport,
  ],
})
export class GatewayModule {}
