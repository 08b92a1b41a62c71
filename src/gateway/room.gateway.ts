import { type BeforeApplicationShutdown, UseFilters, UsePipes } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { Clock } from '../config/clock.js';
import { InputPipe } from '../errors/input.pipe.js';
import { seal } from '../events/envelope.js';
import { ExpensiveReads } from '../limits/expensive-reads.js';
import { RoomStateService } from '../room-state/room-state.service.js';
import { ListenerCounts } from '../rooms/presence/listener-counts.js';
import { PresenceService } from '../rooms/presence/presence.service.js';
import { ReplayDto, SyncReportDto } from './messages.dto.js';
import { RoomEntrance } from './room-entrance.js';
import { RoomFeedsService } from '../delivery/room-streams.js';
import { callerOf, roomOf, SocketAdmission } from './socket-admission.js';
import { SocketProblemFilter } from './socket-problem.filter.js';

/** A room's namespace: one regular expression serves them all. */
@UseFilters(SocketProblemFilter)
@UsePipes(InputPipe)
@WebSocketGateway({ namespace: /^\/rooms\/[^/]+$/ })
export class RoomGateway implements OnGatewayInit, OnGatewayConnection, BeforeApplicationShutdown {
  constructor(
    private readonly admission: SocketAdmission,
    private readonly entrance: RoomEntrance,
    private readonly feeds: RoomFeedsService,
    private readonly presence: PresenceService,
    private readonly counts: ListenerCounts,
    private readonly state: RoomStateService,
    private readonly reads: ExpensiveReads,
    private readonly clock: Clock,
  ) {}

  afterInit(rooms: Namespace): void {
    rooms.use(this.admission.middleware);
    this.presence.evicted.subscribe(() => this.feeds.closeAll());
  }

  handleConnection(socket: Socket): void {
    this.entrance.enter(socket);
  }

  @SubscribeMessage('time_sync')
  timeSync() {
    return { ok: true, server_time: this.clock.now() };
  }

  @SubscribeMessage('room_state')
  async roomState(@ConnectedSocket() socket: Socket) {
    const { user } = callerOf(socket);
    const { room, sequence } = await this.reads.run(user.id, () => this.state.read(user, roomOf(socket)!));
    return { ok: true, room, sequence };
  }

  @SubscribeMessage('replay')
  async replay(@ConnectedSocket() socket: Socket, @MessageBody() { after_sequence, limit = 100 }: ReplayDto) {
    const { user } = callerOf(socket);
    const page = await this.reads.run(user.id, () =>
      this.state.log(user, roomOf(socket)!, after_sequence, limit),
    );
    const now = this.clock.now();
    return { ok: true, events: page.events.map((event) => seal(event, now)), more: page.more };
  }

  @SubscribeMessage('sync_report')
  syncReport(@ConnectedSocket() socket: Socket, @MessageBody() { status, muted }: SyncReportDto) {
    const listening = status !== 'blocked' && status !== 'silent' && muted !== true;
    this.counts.report(roomOf(socket)!, callerOf(socket).user.id, socket.id, listening);
    return { ok: true };
  }

  /** Everyone is disconnected. Their connections stay in the database, for those who return within the grace. */
  async beforeApplicationShutdown(): Promise<void> {
    this.feeds.closeAll();
    await this.entrance.settled();
    await this.presence.stop();
    await this.feeds.flush();
  }
}
