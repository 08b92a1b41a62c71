import { Injectable } from '@nestjs/common';
import { Clock } from '../config/clock.js';
import { historyLength, type RoomEvent, type RoomState, type User } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import type { RoomRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { EventLog, type LogPage } from '../events/event-log.js';
import { PlaybackStore, playbackView } from '../playback/playback-store.js';
import { SkipVotes } from '../playback/skip-votes.js';
import { PresenceService } from '../rooms/presence/presence.service.js';
import { RoomAccess } from '../rooms/room-access.js';
import { RoomsReader } from '../rooms/rooms.reader.js';
import { QueueService } from '../tracks/queue.service.js';
import { trackView } from '../tracks/track-view.js';

/** The complete state of a room as of `sequence`. */
export interface RoomSnapshot {
  room: RoomState;
  sequence: number;
  epoch: string;
}

/** What a connecting client has already, and what it asks for. */
export interface ResumeRequest {
  /** The last sequence that it has; undefined if none. */
  after: number | undefined;
  /** The epoch of that sequence; undefined if the client does not know of epochs. */
  epoch: string | undefined;
  /** `when_needed`: no state for a client that resumes, since it has the state already. */
  state: 'always' | 'when_needed';
}

/** What a connecting client receives: the room's state as of `sequence`, and the events that it missed. */
export interface StateOnConnect {
  /** null if the client resumes and asked for the state only `when_needed`. */
  room: RoomState | null;
  sequence: number;
  epoch: string;
  /**
   * False if the client gave no sequence, or one of another epoch, or the log no longer holds all events after it;
   * `missed` is then empty.
   */
  resumed: boolean;
  missed: RoomEvent[];
  /** The tracks of the state that the user has voted for. */
  votes: string[];
}

/** Approximate JSON size of one page of the log: limits the work of one request. */
const maxPageBytes = 256 * 1024;

const maxSharedAgeMs = 100;
const maxShared = 100;

/** Reads a room's state and log from what the features export. Each method reads one snapshot of the database. */
@Injectable()
export class RoomStateService {
  /** By room: the state as of a row, and when it was read (`performance.now`). */
  readonly #shared = new Map<string, { key: string; readAt: number; state: RoomState }>();

  constructor(
    private readonly database: Database,
    private readonly access: RoomAccess,
    private readonly rooms: RoomsReader,
    private readonly presence: PresenceService,
    private readonly queue: QueueService,
    private readonly playback: PlaybackStore,
    private readonly skipVotes: SkipVotes,
    private readonly eventLog: EventLog,
    private readonly clock: Clock,
  ) {}

  /** @throws {Problem} room_not_found, not_a_participant */
  read(user: User, roomId: string): Promise<RoomSnapshot> {
    return this.database.snapshot((trx) => this.#snapshot(trx, user, roomId));
  }

  /**
   * The room's state, and every event that the client has missed up to the state's `sequence`, from one snapshot.
   * @throws {Problem} room_not_found, not_a_participant
   */
  stateOnConnect(user: User, roomId: string, request: ResumeRequest): Promise<StateOnConnect> {
    return this.database.snapshot(async (trx) => {
      const row = await this.access.requireParticipant(roomId, user.id, trx);
      const { sequence, epoch } = row;
      const missed = await this.#missed(trx, row, request);
      const votes = await this.queue.votesOf(trx, roomId, user.id);
      if (missed === undefined) {
        const room = await this.#sharedStateOf(trx, row);
        return { room, sequence, epoch, resumed: false, missed: [], votes };
      }
      const room = request.state === 'when_needed' ? null : await this.#sharedStateOf(trx, row);
      return { room, sequence, epoch, resumed: true, missed, votes };
    });
  }

  /**
   * A page of the log: at most `limit` events and `maxPageBytes`, but at least one event if there is one.
   * @param after the page begins after this sequence; undefined: at the oldest event in the log
   * @throws {Problem} room_not_found, not_a_participant, history_gone
   */
  log(user: User, roomId: string, after: number | undefined, limit: number): Promise<LogPage> {
    return this.database.snapshot(async (trx) => {
      const { sequence, epoch } = await this.access.requireParticipant(roomId, user.id, trx);
      const oldest = await this.eventLog.oldest(trx, roomId, sequence);
      const from = after ?? oldest - 1;
      if (from + 1 < oldest) {
        throw new Problem('history_gone', `The log begins at ${oldest}: read the room's state instead.`, {
          oldest_sequence: oldest,
        });
      }
      const events = await this.eventLog.page(trx, roomId, from, limit, maxPageBytes);
      const more = (events.at(-1)?.sequence ?? sequence) < sequence;
      return { events, sequence, more, epoch };
    });
  }

  /** The room's part of its statistics. @throws {Problem} room_not_found, not_a_participant */
  figures(user: User, roomId: string) {
    return this.database.snapshot(async (trx) => {
      const { sequence } = await this.access.requireParticipant(roomId, user.id, trx);
      return {
        sequence,
        participants: await this.rooms.participantCount(trx, roomId),
        online: (await this.presence.online(trx, roomId)).length,
        tracks: {
          queued: await this.queue.count(trx, roomId, 'queued'),
          played: await this.queue.count(trx, roomId, 'played'),
        },
      };
    });
  }

  /** @throws {Problem} room_not_found, not_a_participant */
  async requireParticipant(trx: Trx, user: User, roomId: string): Promise<void> {
    await this.access.requireParticipant(roomId, user.id, trx);
  }

  async #snapshot(trx: Trx, user: User, roomId: string): Promise<RoomSnapshot> {
    const row = await this.access.requireParticipant(roomId, user.id, trx);
    const { sequence, epoch } = row;
    return { room: await this.#stateOf(trx, row), sequence, epoch };
  }

  /** @returns undefined if the client cannot resume */
  async #missed(trx: Trx, row: RoomRow, { after, epoch }: ResumeRequest): Promise<RoomEvent[] | undefined> {
    if (after === undefined || (epoch !== undefined && epoch !== row.epoch)) return undefined;
    const missed = await this.eventLog.missed(trx, row.id, after, row.sequence);
    return missed.kind === 'replay' ? missed.events : undefined;
  }

  /**
   * The same object for connections that arrive together, so that it is read and encoded once. Presence in large rooms
   * and the playback position change without a sequence, so the object is used briefly.
   */
  async #sharedStateOf(trx: Trx, row: RoomRow): Promise<RoomState> {
    const key = `${row.epoch} ${row.sequence}`;
    const now = performance.now();
    const known = this.#shared.get(row.id);
    if (known?.key === key && now - known.readAt < maxSharedAgeMs) return known.state;
    const state = await this.#stateOf(trx, row);
    if (this.#shared.size >= maxShared) this.#shared.delete(this.#shared.keys().next().value!);
    this.#shared.delete(row.id);
    const shared = { key, readAt: now, state };
    this.#shared.set(row.id, shared);
    setTimeout(() => {
      if (this.#shared.get(row.id) === shared) this.#shared.delete(row.id);
    }, maxSharedAgeMs).unref();
    return state;
  }

  async #stateOf(trx: Trx, row: RoomRow): Promise<RoomState> {
    const roomId = row.id;
    const [participants, online_users, current, queue, history] = [
      await this.rooms.participants(trx, roomId),
      await this.presence.online(trx, roomId),
      await this.queue.current(trx, roomId),
      await this.queue.queued(trx, row),
      await this.queue.played(trx, roomId, historyLength, 0),
    ];
    return {
      ...(await this.rooms.room(trx, row)),
      participants,
      participant_count: participants.length,
      online_users,
      online_count: online_users.length,
      current_track: current ? trackView(current) : null,
      queue: queue.map(trackView),
      history: history.map(trackView),
      playback: playbackView(await this.playback.load(trx, roomId), this.clock.roomTime()),
      skip_voters: await this.skipVotes.voters(trx, roomId),
    };
  }
}
