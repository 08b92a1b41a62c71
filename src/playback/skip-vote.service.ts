import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { findUser } from '../auth/users.js';
import { type EventReference, skipVotesNeeded, type User } from '../contract/index.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { KeyedLimit } from '../limits/keyed-limit.js';
import { PresenceService } from '../rooms/presence/presence.service.js';
import { RoomAccess } from '../rooms/room-access.js';
import { QueueService } from '../tracks/queue.service.js';
import { PlaybackChanges } from './playback-changes.js';
import { PlaybackStore } from './playback-store.js';
import { SkipVotes } from './skip-votes.js';

/** Of a user in a room. Each is a transaction, also if it changes nothing. */
const maxSkipVotes = { points: 30, durationSeconds: 10 };

/** Skipping the current track by the votes of listeners. The votes end with the track. */
@Injectable()
export class SkipVoteService {
  readonly #limit: KeyedLimit;

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly presence: PresenceService,
    private readonly queue: QueueService,
    private readonly store: PlaybackStore,
    private readonly votes: SkipVotes,
    private readonly changes: PlaybackChanges,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.#limit = new KeyedLimit(settings, 'votes to skip', maxSkipVotes);
  }

  /**
   * Votes to skip the current track; the vote that reaches the share of the users online skips it. A second vote of the
   * same user changes nothing.
   * @throws {Problem} room_not_found, not_a_participant, forbidden, not_playing, rate_limited
   */
  async vote(
    { id: userId }: User,
    roomId: string,
  ): Promise<{ votes: number; needed: number; event: EventReference | null }> {
    await this.#limit.consume(`${roomId} ${userId}`);
    return this.broadcaster.roomChange(roomId, async (change) => {
      const { trx, now } = change;
      const { skip_vote_share: share } = await this.access.requireParticipant(roomId, userId, trx);
      if (share === null) throw new Problem('forbidden', 'Tracks of this room are not skipped by vote.');
      const state = await this.store.load(trx, roomId);
      if (state.status === 'stopped' || state.track_id === null) {
        throw new Problem('not_playing', 'Nothing is playing.');
      }
      const isNew = await this.votes.add(trx, roomId, userId, now);
      const votes = (await this.votes.voters(trx, roomId)).length;
      const needed = skipVotesNeeded(share, await this.presence.onlineCount(trx, roomId));
      if (!isNew) return { votes, needed, event: null };
      // As it is now: the name may have changed since the connection was admitted.
      const user = (await findUser(trx, userId))!;
      change.trackActivity('skip_voted', { track_id: state.track_id, user, votes, needed });
      if (votes >= needed) {
        const previous = await this.queue.view(trx, state.track_id);
        await this.changes.advance(change, state, { previous, user: null, reason: 'skipped' });
      }
      return { votes, needed, event: await change.lastEvent() };
    });
  }

  /** The vote of a user who has left the room does not count any more. */
  async userLeft({ trx, room }: RoomChange, userId: string): Promise<void> {
    await this.votes.remove(trx, room.id, userId);
  }
}
