import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Socket } from 'socket.io';
import { asProblem } from '../errors/as-problem.js';
import { makeEvent } from '../events/envelope.js';
import { ExpensiveReads } from '../limits/expensive-reads.js';
import { RoomStateService } from '../room-state/room-state.service.js';
import { PresenceService } from '../rooms/presence/presence.service.js';
import { receiveAcknowledgements, releaseAcknowledgements } from './transport/fast/acknowledgements.js';
import { Connection } from '../delivery/connection.js';
import { FeedContext } from './feed-context.js';
import { RoomFeedsService } from '../delivery/room-streams.js';
import { callerOf, roomOf } from './socket-admission.js';
import { SocketWire } from './transport/fast/fast-socket.js';

/** Sockets that come into rooms and go: into the room's stream, seen by the others, given the state and what they missed. */
@Injectable()
export class RoomEntrance {
  /** What goes on for sockets that come and go; waited for before the database closes. */
  readonly #work = new Set<Promise<void>>();

  constructor(
    private readonly feeds: RoomFeedsService,
    private readonly presence: PresenceService,
    private readonly state: RoomStateService,
    private readonly reads: ExpensiveReads,
    private readonly context: FeedContext,
    @InjectPinoLogger(RoomEntrance.name) private readonly log: PinoLogger,
  ) {}

  enter(socket: Socket): void {
    const roomId = roomOf(socket)!;
    const connection = new Connection(new SocketWire(socket), callerOf(socket), { joining: true });
    receiveAcknowledgements(socket, connection);
    const entered = this.#enter(roomId, connection, afterSequence(socket), stateWanted(socket));
    this.#track(entered);
    socket.on('disconnect', (reason) => {
      releaseAcknowledgements(socket);
      this.feeds.detach(roomId, connection);
      this.#track(entered.then(() => this.#leave(roomId, connection, leftOnPurpose.has(reason))));
    });
  }

  /** Resolves once everyone who came or went is written down. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  async #enter(
    roomId: string,
    connection: Connection,
    after: number | undefined,
    state: 'always' | 'when_needed',
  ): Promise<void> {
    const { user } = connection;
    try {
      // Live events wait at the connection from here on, so that none falls between the state and them.
      await this.feeds.attach(roomId, connection);
      await this.presence.connected(roomId, user, connection.id);
      const { room, sequence, resumed, missed } = await this.reads.run(
        user.id,
        () => this.state.stateOnConnect(user, roomId, after, state),
        { pauses: false },
      );
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

  async #leave(roomId: string, { user, id }: Connection, onPurpose: boolean): Promise<void> {
    if (onPurpose) await this.presence.left(roomId, user, id);
    else this.presence.lost(roomId, user, id);
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

/** Anything but `when_needed` is `always`. */
const stateWanted = ({ handshake }: Socket): 'always' | 'when_needed' =>
  (handshake.auth as { state?: unknown }).state === 'when_needed' ? 'when_needed' : 'always';

/** Socket.IO's reasons for which a user is gone at once: the client left the namespace, or was removed from it. */
const leftOnPurpose: ReadonlySet<string> = new Set([
  'client namespace disconnect',
  'server namespace disconnect',
]);

/**
 * What the client has seen: an integer, or its decimal string, as the official Java client can send strings only.
 * Undefined where it does not say, or says nothing that could be a sequence.
 */
export function afterSequence({ handshake }: Pick<Socket, 'handshake'>): number | undefined {
  const { after_sequence: given } = handshake.auth as { after_sequence?: unknown };
  const value = typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
