import { UseFilters, UsePipes } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';
import { Clock } from '../config/clock.js';
import { RoomStreams } from '../delivery/room-streams.js';
import { InputPipe } from '../errors/input.pipe.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { ExpensiveReads } from '../limits/expensive-reads.js';
import { SkipVoteService } from '../playback/skip-vote.service.js';
import { RoomStateService } from '../room-state/room-state.service.js';
import { ListenerCounts } from '../rooms/presence/listener-counts.js';
import { ReactDto, ReplayDto, SyncReportDto } from './messages.dto.js';
import { Reactions } from './reactions.js';
import { RoomEntrance } from './room-entrance.js';
import { SocketAdmission } from './socket-admission.js';
import { callerOf, readerOf, roomOf } from './socket-data.js';
import { SocketProblemFilter } from './socket-problem.filter.js';
import { ArrivedAt, timeSyncAnswer } from './time-sync.js';

/**
 * The namespaces of all rooms, `/rooms/<id>`. Subscribes to the broadcaster's events and hands them to the rooms'
 * streams, which emit them to the sockets.
 */
@UseFilters(SocketProblemFilter)
@UsePipes(InputPipe)
@WebSocketGateway({ namespace: /^\/rooms\/[^/]+$/ })
export class RoomGateway implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly streams: RoomStreams,
    private readonly admission: SocketAdmission,
    private readonly entrance: RoomEntrance,
    private readonly counts: ListenerCounts,
    private readonly state: RoomStateService,
    private readonly reads: ExpensiveReads,
    private readonly skipVotes: SkipVoteService,
    private readonly reactions: Reactions,
    private readonly clock: Clock,
  ) {}

  afterInit(rooms: Namespace): void {
    rooms.use(this.admission.middleware);
    this.broadcaster.events$.subscribe((broadcast) => this.streams.deliver(broadcast));
  }

  handleConnection(socket: Socket): void {
    this.entrance.connect(socket);
  }

  handleDisconnect(socket: Socket, reason: string): void {
    this.entrance.disconnect(socket, reason);
  }

  @SubscribeMessage('time_sync')
  timeSync(@ArrivedAt() arrivedMs: number) {
    return timeSyncAnswer(this.clock, arrivedMs);
  }

  @SubscribeMessage('room_state')
  async roomState(@ConnectedSocket() socket: Socket) {
    const { user } = callerOf(socket);
    const state = await this.reads.run(readerOf(socket), () => this.state.read(user, roomOf(socket)!));
    return { ok: true, ...state };
  }

  @SubscribeMessage('replay')
  async replay(@ConnectedSocket() socket: Socket, @MessageBody() { after_sequence, limit = 100 }: ReplayDto) {
    const { user } = callerOf(socket);
    const { events, more, epoch } = await this.reads.run(readerOf(socket), () =>
      this.state.log(user, roomOf(socket)!, after_sequence, limit),
    );
    const now = this.clock.now();
    return { ok: true, events: events.map((event) => event.envelope(now)), more, epoch };
  }

  @SubscribeMessage('sync_report')
  syncReport(@ConnectedSocket() socket: Socket, @MessageBody() report: SyncReportDto) {
    // The socket may have disconnected while the message was validated; its report would never be removed.
    if (!socket.connected) return { ok: true };
    const {
      uncertainty = null,
      output_latency = null,
      offset = null,
      status = null,
      muted = null,
      ...required
    } = report;
    const optional = { uncertainty, output_latency, offset, status, muted };
    this.counts.report(roomOf(socket)!, callerOf(socket).user.id, socket.id, { ...required, ...optional });
    return { ok: true };
  }

  @SubscribeMessage('skip_vote')
  async skipVote(@ConnectedSocket() socket: Socket) {
    return { ok: true, ...(await this.skipVotes.vote(callerOf(socket).user, roomOf(socket)!)) };
  }

  @SubscribeMessage('react')
  react(@ConnectedSocket() socket: Socket, @MessageBody() { reaction }: ReactDto) {
    if (socket.connected) this.reactions.send(socket, roomOf(socket)!, callerOf(socket).user, reaction);
    return { ok: true };
  }
}
