import { type BeforeApplicationShutdown, UseFilters, UsePipes } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  type OnGatewayInit,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Namespace, Socket } from 'socket.io';
import { Clock } from '../config/clock.js';
import { asProblem } from '../errors/as-problem.js';
import { InputPipe } from '../errors/input.pipe.js';
import { makeEvent, seal } from '../events/envelope.js';
import { RoomStateService } from '../room-state/room-state.service.js';
import { PresenceService } from '../rooms/presence.service.js';
import { Statistics } from '../events/statistics.js';
import { receiveAcknowledgements, releaseAcknowledgements } from './acknowledgements.js';
import { Connection } from './connection.js';
import { ReplayDto, SyncReportDto } from './messages.dto.js';
import { RoomFeedsService } from './room-feeds.service.js';
import { callerOf, roomOf, SocketAdmission } from './socket-admission.js';
import { SocketProblemFilter } from './socket-problem.filter.js';
import { SocketWire } from './socket-wire.js';

/** A room's namespace: one regular expression serves them all. */
@UseFilters(SocketProblemFilter)
@UsePipes(InputPipe)
@WebSocketGateway({ namespace: /^\/rooms\/[^/]+$/ })
export class RoomGateway implements OnGatewayInit, OnGatewayConnection, BeforeApplicationShutdown {
  /** What goes on for sockets that come and go; waited for before the database closes. */
  readonly #work = new Set<Promise<void>>();
  /** The newest report of each listener's playback. */
  readonly #reports = new WeakMap<Socket, SyncReportDto>();

  constructor(
    private readonly admission: SocketAdmission,
    private readonly feeds: RoomFeedsService,
    private readonly presence: PresenceService,
    private readonly state: RoomStateService,
    private readonly statistics: Statistics,
    private readonly clock: Clock,
    @InjectPinoLogger(RoomGateway.name) private readonly log: PinoLogger,
  ) {}

  afterInit(rooms: Namespace): void {
    rooms.use(this.admission.middleware);
    this.presence.lost.subscribe(() => this.#closeAll());
  }

  handleConnection(socket: Socket): void {
    const roomId = roomOf(socket)!;
    const connection = new Connection(new SocketWire(socket), callerOf(socket), { joining: true });
    receiveAcknowledgements(socket, connection);
    const entered = this.#enter(roomId, connection, afterSequence(socket));
    this.#track(entered);
    socket.on('disconnect', () => {
      releaseAcknowledgements(socket);
      this.feeds.detach(roomId, connection);
      this.#track(entered.then(() => this.#leave(roomId, connection)));
    });
  }

  @SubscribeMessage('time_sync')
  timeSync() {
    return { ok: true, server_time: this.clock.now() };
  }

  @SubscribeMessage('room_state')
  async roomState(@ConnectedSocket() socket: Socket) {
    const { room, sequence } = await this.state.read(callerOf(socket).user, roomOf(socket)!);
    return { ok: true, room, sequence };
  }

  @SubscribeMessage('replay')
  async replay(@ConnectedSocket() socket: Socket, @MessageBody() { after_sequence, limit = 100 }: ReplayDto) {
    const page = await this.state.log(callerOf(socket).user, roomOf(socket)!, after_sequence, limit);
    const now = this.clock.now();
    return { ok: true, events: page.events.map((event) => seal(event, now)), more: page.more };
  }

  @SubscribeMessage('sync_report')
  syncReport(@ConnectedSocket() socket: Socket, @MessageBody() report: SyncReportDto) {
    this.#reports.set(socket, report);
    return { ok: true };
  }

  /** Everyone is disconnected, and written down as gone. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#closeAll();
    while (this.#work.size > 0) await Promise.all(this.#work);
    await this.feeds.flush();
  }

  #closeAll(): void {
    for (const connection of [...this.feeds.all()]) connection.close('reconnect');
  }

  async #enter(roomId: string, connection: Connection, after: number | undefined): Promise<void> {
    const { caller } = connection;
    try {
      // Live events wait at the connection from here on, so that none falls between the state and them.
      await this.feeds.attach(roomId, connection);
      await this.presence.connected(roomId, caller.user, connection.id);
      const { room, sequence, resumed, missed } = await this.state.return(caller.user, roomId, after);
      if (resumed) {
        this.statistics.countNode('replays');
        this.statistics.countNode('replayed_events', missed.length);
      } else if (after !== undefined) this.statistics.countNode('resets');
      const data = { user: caller.user, room, sequence, resumed, replayed: missed.length };
      connection.establish(
        makeEvent('connection_established', roomId, this.clock.now(), data),
        missed,
        sequence,
      );
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status >= 500) {
        this.log.error({ err: error, room_id: roomId }, 'a connection could not be set up');
      }
      connection.sendAlone(makeEvent('error', roomId, this.clock.now(), problem.body));
      connection.close();
    }
  }

  async #leave(roomId: string, { caller, id }: Connection): Promise<void> {
    try {
      await this.presence.disconnected(roomId, caller.user, id);
    } catch (error) {
      // The room was deleted, and what we would say of it with it; anything else is a fault.
      if (asProblem(error).code === 'room_not_found') return;
      this.log.error({ err: error, room_id: roomId }, 'a disconnection could not be written down');
    }
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }
}

/** What the client has seen; undefined where it does not say, or says nothing that could be a sequence. */
function afterSequence({ handshake }: Socket): number | undefined {
  const { after_sequence: given } = handshake.auth as { after_sequence?: unknown };
  return typeof given === 'number' && Number.isSafeInteger(given) && given >= 0 ? given : undefined;
}
