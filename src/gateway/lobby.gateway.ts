import { Inject, UseFilters, UsePipes } from '@nestjs/common';
import {
  type OnGatewayConnection,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Clock } from '../config/clock.js';
import { InputPipe } from '../errors/input.pipe.js';
import { Connection } from './connection.js';
import { guardMessages } from './message-guard.js';
import { RoomFeedsService } from './room-feeds.service.js';
import { callerOf, SocketAdmission } from './socket-admission.js';
import { SocketProblemFilter } from './socket-problem.filter.js';

const messages = new Set(['time_sync']);

/** The namespace `/`: which public rooms come and go, and how the server is. */
@UseFilters(SocketProblemFilter)
@UsePipes(InputPipe)
@WebSocketGateway()
export class LobbyGateway implements OnGatewayInit, OnGatewayConnection {
  constructor(
    private readonly admission: SocketAdmission,
    private readonly feeds: RoomFeedsService,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  afterInit(server: Server): void {
    server.of('/').use(this.admission.middleware);
  }

  handleConnection(socket: Socket): void {
    const now = () => this.clock.now();
    const connection = new Connection(socket, callerOf(socket), now, { joining: false });
    guardMessages(socket, messages, this.settings.rateLimit, now);
    this.feeds.enterLobby(connection);
    socket.once('disconnect', () => this.feeds.leaveLobby(connection));
  }

  @SubscribeMessage('time_sync')
  timeSync() {
    return { ok: true, server_time: this.clock.now() };
  }
}
