import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Socket } from 'socket.io';
import { asProblem } from '../errors/as-problem.js';
import { makeEvent } from '../events/envelope.js';
import { RoomStateService } from '../room-state/room-state.service.js';
import { PresenceService } from '../rooms/presence.service.js';
import { receiveAcknowledgements, releaseAcknowledgements } from './acknowledgements.js';
import { Connection } from './connection.js';
import { FeedContext } from './feed-context.js';
import { RoomFeedsService } from './room-feeds.service.js';
import { callerOf, roomOf } from './socket-admission.js';
import { SocketWire } from './socket-wire.js';

/** Sockets that come into rooms and go: into the room's stream, seen by the others, given the state and what they missed. */
@Injectable()
export class RoomEntrance {
  /** What goes on for sockets that come and go; waited for before the database closes. */
  readonly #work = new Set<Promise<void>>();

  constructor(
    private readonly feeds: RoomFeedsService,
    private readonly presence: PresenceService,
    private readonly state: RoomStateService,
    private readonly context: FeedContext,
    @InjectPinoLogger(RoomEntrance.name) private readonly log: PinoLogger,
  ) {}

  enter(socket: Socket): void {
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

  /** Resolves once everyone who came or went is written down. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  async #enter(roomId: string, connection: Connection, after: number | undefined): Promise<void> {
    const { user } = connection;
    try {
      // Live events wait at the connection from here on, so that none falls between the state and them.
      await this.feeds.attach(roomId, connection);
      await this.presence.connected(roomId, user, connection.id);
      const { room, sequence, resumed, missed } = await this.state.return(user, roomId, after);
      this.#count(after, resumed, missed.length);
      const data = { user, room, sequence, resumed, replayed: missed.length };
      connection.establish(
        makeEvent('connection_established', roomId, this.context.now(), data),
        missed,
        sequence,
      );
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status >= 500) {
        this.log.error({ err: error, room_id: roomId }, 'a connection could not be set up');
      }
      connection.sendAlone(makeEvent('error', roomId, this.context.now(), problem.body));
      connection.close();
    }
  }

  async #leave(roomId: string, { user, id }: Connection): Promise<void> {
    try {
      await this.presence.disconnected(roomId, user, id);
    } catch (error) {
      // The room was deleted, and what we would say of it with it; anything else is a fault.
      if (asProblem(error).code === 'room_not_found') return;
      this.log.error({ err: error, room_id: roomId }, 'a disconnection could not be written down');
    }
  }

  #count(after: number | undefined, resumed: boolean, missed: number): void {
    const { statistics } = this.context;
    if (resumed) {
      statistics.countNode('replays');
      statistics.countNode('replayed_events', missed);
    } else if (after !== undefined) statistics.countNode('resets');
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
