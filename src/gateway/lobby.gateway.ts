import { UseFilters, UsePipes } from '@nestjs/common';
import {
  type OnGatewayConnection,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import { Clock } from '../config/clock.js';
import { InputPipe } from '../errors/input.pipe.js';
import { receiveAcknowledgements, releaseAcknowledgements } from './transport/fast/acknowledgements.js';
import { Connection } from '../delivery/connection.js';
import { RoomFeedsService } from '../delivery/room-streams.js';
import { callerOf, SocketAdmission } from './socket-admission.js';
import { SocketProblemFilter } from './socket-problem.filter.js';
import { SocketWire } from './transport/fast/fast-socket.js';

/** The namespace `/`: which public rooms come and go, and how the server is. */
@UseFilters(SocketProblemFilter)
@UsePipes(InputPipe)
@WebSocketGateway()
export class LobbyGateway implements OnGatewayInit, OnGatewayConnection {
  constructor(
    private readonly admission: SocketAdmission,
    private readonly feeds: RoomFeedsService,
    private readonly clock: Clock,
  ) {}

  afterInit(server: Server): void {
    server.of('/').use(this.admission.middleware);
  }

  handleConnection(socket: Socket): void {
    const connection = new Connection(new SocketWire(socket), callerOf(socket), { joining: false });
    this.feeds.enterLobby(connection);
    receiveAcknowledgements(socket, connection);
    socket.on('disconnect', () => {
      releaseAcknowledgements(socket);
      this.feeds.leaveLobby(connection);
    });
  }

  @SubscribeMessage('time_sync')
  timeSync() {
    return { ok: true, server_time: this.clock.now() };
  }
}
