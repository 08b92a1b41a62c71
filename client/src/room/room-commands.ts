import type { ClosedReason } from '../connection/connection.js';
import type {
  PlaybackAnswer,
  QueueAnswer,
  Invite,
  InviteList,
  MessageAnswers,
  RoomReaction,
  RoomCommandAnswer,
  Track,
  TrackAnswer,
  User,
  UserAnswer,
} from '../contract.js';
import { type Refusal, refusalError, RoomcastError } from '../errors.js';
import * as expected from '../state/expected-changes.js';
import type { Change, OptimisticState } from '../state/optimistic-state.js';
import type { CommandAnswer } from '../wire.js';
import { type ReadTarget, RoomReads } from './room-reads.js';

const messageTimeoutMs = 10_000;

type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Command {
  readonly method: Method;
  readonly path: string;
  readonly body?: unknown;
  /** What is shown until the server has confirmed or refused it. */
  readonly change?: Change;
  readonly repeatable?: boolean;
}

/** What the commands of a room need from it. */
export interface CommandTarget extends ReadTarget {
  readonly user: User;
  readonly optimistic: OptimisticState;
  /** The time on the room clock. */
  now(): number;
  /** Sends a message on the connection, and resolves with its acknowledgement. */
  ask(message: string, payload: object, timeoutMs: number): Promise<unknown>;
  /** Aborted when the room is closed; the reason is the `ClosedReason`. */
  readonly signal: AbortSignal;
  close(reason: ClosedReason): void;
}

/**
 * The commands of a room. Those that change what is shown do so at once: `state` has the change in the same call. It stays
 * until the command's event has been folded, and is undone when the command is refused; the promise then rejects with a
 * `RoomcastError` that has the server's code. A command whose answer is lost is repeated, and carried out once.
 */
export abstract class RoomCommands extends RoomReads {
  protected abstract override readonly target: CommandTarget;

  /** Votes for a track. A second vote changes nothing. */
  async vote(trackId: string): Promise<Track> {
    return (await this.#vote('POST', trackId, true)).track;
  }

  /** Withdraws the vote for a track. */
  async unvote(trackId: string): Promise<Track> {
    return (await this.#vote('DELETE', trackId, false)).track;
  }

  /** Adds a played track to the end of the queue again, without votes. For those who may upload. */
  async queueAgain(trackId: string): Promise<Track> {
    const change = expected.queueAgain(trackId);
    const path = `/tracks/${encodeURIComponent(trackId)}/queue`;
    return (await this.#run<TrackAnswer>({ method: 'POST', path, change })).track;
  }

  /**
   * Votes to skip the current track, in rooms whose settings have a `skip_vote_share`. A second vote changes nothing. Not
   * repeated if its answer is lost, since it would count for the next track.
   */
  async voteSkip(): Promise<{ readonly votes: number; readonly needed: number }> {
    const { optimistic, user } = this.target;
    const change = expected.skipVote(user.id, optimistic.shown.current.current_track?.id);
    const answer = this.#tell<MessageAnswers['skip_vote']>('skip_vote', {});
    const pending = optimistic.expect(change);
    try {
      const { votes, needed, event } = await answer;
      pending.settle(event?.sequence ?? null);
      return { votes, needed };
    } catch (error) {
      pending.rollBack();
      throw error;
    }
  }

  /** Sends a reaction to everyone in the room: the event `reaction_sent`. At most 5 a second. */
  async react(reaction: RoomReaction): Promise<void> {
    await this.#tell('react', { reaction });
  }

  /** Removes a track. Its uploader and the administrator may do that. */
  async removeTrack(trackId: string): Promise<Track> {
    const change = expected.removal(trackId);
    const path = `/tracks/${encodeURIComponent(trackId)}`;
    return (await this.#run<TrackAnswer>({ method: 'DELETE', path, change })).track;
  }

  /** Places a track in the queue. Administrator only. @param position 1 is next; beyond the end means the end */
  async moveTrack(trackId: string, position: number): Promise<Track> {
    const body = { track_id: trackId, queue_position: position };
    const change = expected.move(trackId, position);
    const answer = await this.#run<QueueAnswer>({
      method: 'PUT',
      path: this.#path('/queue'),
      body,
      change,
      repeatable: true,
    });
    return answer.track;
  }

  /** Plays a track from its beginning: the given one, else the current one, else the next in the queue. */
  play(trackId?: string): Promise<PlaybackAnswer> {
    const change = expected.playback.start(trackId, this.target.now());
    return this.#playback('start', change, trackId === undefined ? {} : { track_id: trackId });
  }

  pause(): Promise<PlaybackAnswer> {
    return this.#playback('pause', expected.playback.pause(this.target.now()));
  }

  resume(): Promise<PlaybackAnswer> {
    return this.#playback('resume', expected.playback.resume(this.target.now()));
  }

  /** Stops; the current track stays current, at its beginning. */
  stop(): Promise<PlaybackAnswer> {
    return this.#playback('stop', expected.playback.stop());
  }

  /** @param position seconds into the current track */
  seek(position: number): Promise<PlaybackAnswer> {
    return this.#playback('seek', expected.playback.seek(position, this.target.now()), { position });
  }

  /** Goes on with the next track in the queue. */
  skip(): Promise<PlaybackAnswer> {
    const { current_track } = this.target.optimistic.shown.current;
    return this.#playback('skip', expected.playback.skip(current_track?.id, this.target.now()));
  }

  /** Removes a participant, who may join again. Administrator only. */
  kick(userId: string): Promise<User> {
    return this.#remove(userId, '');
  }

  /** Removes a user, who cannot join again until `unban`. Administrator only. */
  ban(userId: string): Promise<User> {
    return this.#remove(userId, '?ban=true');
  }

  /** Administrator only. */
  async unban(userId: string): Promise<User> {
    const path = this.#path(`/bans/${encodeURIComponent(userId)}`);
    return (await this.#run<UserAnswer>({ method: 'DELETE', path })).user;
  }

  /** Changes name, visibility or settings of the room. Administrator only. */
  async updateRoom(update: expected.RoomUpdate): Promise<RoomCommandAnswer['room']> {
    const change = expected.roomUpdate(update);
    const answer = await this.#run<RoomCommandAnswer>({
      method: 'PATCH',
      path: this.#path(),
      body: update,
      change,
      repeatable: true,
    });
    return answer.room;
  }

  /** Deletes the room with its tracks and its log. Administrator only. */
  async deleteRoom(): Promise<void> {
    await this.#end('deleted', '');
  }

  /** Leaves the room: the user is no participant any more. */
  async leave(): Promise<void> {
    await this.#end('left', '/leave');
    this.target.close('left');
  }

  /** Creates an invite to a private room. Administrator only. */
  createInvite(options: { expires_in?: number; max_uses?: number } = {}): Promise<Invite> {
    return this.#run<Invite & CommandAnswer>({ method: 'POST', path: this.#path('/invites'), body: options });
  }

  /** The active invites, newest first. Administrator only. */
  async listInvites(): Promise<readonly Invite[]> {
    return (await this.target.api.get<InviteList>(this.#path('/invites'), this.target.signal)).invites;
  }

  /** Administrator only. */
  async revokeInvite(invite: string): Promise<void> {
    await this.#run({ method: 'DELETE', path: this.#path(`/invites/${encodeURIComponent(invite)}`) });
  }

  #vote(method: Method, trackId: string, voted: boolean): Promise<TrackAnswer> {
    const path = `/tracks/${encodeURIComponent(trackId)}/vote`;
    return this.#run<TrackAnswer>({ method, path, change: expected.vote(trackId, voted), repeatable: true });
  }

  #playback(command: string, change: Change, body?: object): Promise<PlaybackAnswer> {
    const path = this.#path(`/playback/${command}`);
    return this.#run<PlaybackAnswer>({ method: 'POST', path, change, ...(body && { body }) });
  }

  async #remove(userId: string, query: string): Promise<User> {
    const path = this.#path(`/participants/${encodeURIComponent(userId)}${query}`);
    const change = expected.departure(userId);
    return (await this.#run<UserAnswer>({ method: 'DELETE', path, change })).user;
  }

  async #run<T extends object>({ method, path, change, ...command }: Command): Promise<T> {
    const { api, optimistic, signal } = this.target;
    if (signal.aborted) throw closedError(signal);
    const pending = change && optimistic.expect(change);
    try {
      const answer = await api.command<T & CommandAnswer>(method, path, { ...command, signal });
      // Servers of version 1 do not say which event to wait for.
      pending?.settle(answer.event?.sequence ?? null);
      return answer;
    } catch (error) {
      pending?.rollBack();
      throw signal.aborted ? closedError(signal) : error;
    }
  }

  /** Sends a message. @throws {RoomcastError} the server's refusal; network, closed */
  async #tell<T extends object>(message: string, payload: object): Promise<T> {
    const { target } = this;
    const { signal } = target;
    if (signal.aborted) throw closedError(signal);
    let answer: (T & { ok: true }) | { ok: false; error: Refusal };
    try {
      answer = (await target.ask(message, payload, messageTimeoutMs)) as typeof answer;
    } catch (cause) {
      if (signal.aborted) throw closedError(signal);
      throw cause instanceof RoomcastError
        ? cause
        : new RoomcastError('network', `${message} was not sent: there is no connection.`, { cause });
    }
    if (!answer.ok) throw refusalError(answer.error);
    return answer;
  }

  /** A command after which the room is closed. */
  async #end(reason: ClosedReason, path: string): Promise<void> {
    try {
      await this.#run({ method: 'DELETE', path: this.#path(path) });
    } catch (error) {
      // The event about it may be faster than the answer.
      if (this.target.signal.reason !== reason) throw error;
    }
  }

  #path(rest = ''): string {
    return `/rooms/${this.target.id}${rest}`;
  }
}

const closedError = (signal: AbortSignal): RoomcastError =>
  new RoomcastError('closed', 'The room is closed.', { cause: signal.reason });
