import { UseFilters, UsePipes } from '@nestjs/common';
import {
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import { Clock } from '../config/clock.js';
import { RoomStreams } from '../delivery/room-streams.js';
import { InputPipe } from '../errors/input.pipe.js';
import { SocketAdmission } from './socket-admission.js';
import { callerOf, connectionOf, setConnection } from './socket-data.js';
import { SocketProblemFilter } from './socket-problem.filter.js';
import { ArrivedAt, timeSyncAnswer } from './time-sync.js';
import { SocketTransport } from './transport/socket-transport.js';

/** The lobby, namespace `/`: events about public rooms, and the server's status. */
@UseFilters(SocketProblemFilter)
@UsePipes(InputPipe)
@WebSocketGateway()
export class LobbyGateway implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect {
  constructor(
    private readonly streams: RoomStreams,
    private readonly transport: SocketTransport,
    private readonly admission: SocketAdmission,
    private readonly clock: Clock,
  ) {}

  afterInit(server: Server): void {
    server.of('/').use(this.admission.middleware);
  }

  handleConnection(socket: Socket): void {
    setConnection(socket, this.streams.connect(null, this.transport.open(socket), callerOf(socket)));
  }

  handleDisconnect(socket: Socket): void {
    const connection = connectionOf(socket);
    if (!connection) return;
    this.transport.close(socket);
    this.streams.disconnect(connection);
  }

  @SubscribeMessage('time_sync')
  timeSync(@ArrivedAt() arrivedMs: number) {
    return timeSyncAnswer(this.clock, arrivedMs);
  }
}
