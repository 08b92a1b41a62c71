import { Injectable } from '@nestjs/common';
import type { EventData, Track } from '../contract/index.js';
import type { RoomChange } from '../events/room-change.js';
import { PresenceService } from '../rooms/presence/presence.service.js';
import { QueueService } from '../tracks/queue.service.js';

/** What follows the current track. */
export interface NextTrack {
  /** undefined: nothing. The current track's own id if it starts again. */
  id: string | undefined;
  /** Whether the current track returns to the end of the queue, without votes; or starts again without them. */
  requeues: boolean;
}

/**
 * Shorter tracks are not played again by themselves, neither as a repetition nor as a fallback: each start is an event,
 * and a room that repeats never stops by itself. The second value is for rooms in which nobody is online.
 */
const minRepeatedSeconds = 1;
const minRepeatedSecondsAlone = 30;

/** Decides what is played after the current track, from the room's settings, queue and history. */
@Injectable()
export class NextTracks {
  constructor(
    private readonly queue: QueueService,
    private readonly presence: PresenceService,
  ) {}

  /** @param reason why the current track is over, or will be */
  async after(
    { trx, room }: RoomChange,
    current: Pick<Track, 'id' | 'duration'>,
    reason: EventData<'track_skipped'>['reason'],
  ): Promise<NextTrack> {
    const ended = reason === 'ended';
    const isEndless = room.repeat !== 'off' || room.fallback !== 'off';
    const playsOn = isEndless && (!ended || (await this.#mayRepeat(trx, room.id, current)));
    const repeat = ended && playsOn ? room.repeat : 'off';
    if (repeat === 'track') return { id: current.id, requeues: false };
    const next = await this.queue.next(trx, room);
    if (repeat === 'queue') return { id: next ?? current.id, requeues: true };
    if (next !== undefined || !playsOn || room.fallback === 'off') return { id: next, requeues: false };
    // The current track becomes the newest of the history: it follows itself if it is the only one.
    const only = reason === 'removed' ? undefined : current.id;
    return { id: (await this.queue.longestAgo(trx, room.id)) ?? only, requeues: false };
  }

  async #mayRepeat(
    trx: RoomChange['trx'],
    roomId: string,
    { duration }: Pick<Track, 'duration'>,
  ): Promise<boolean> {
    if (duration >= minRepeatedSecondsAlone) return true;
    return duration >= minRepeatedSeconds && (await this.presence.onlineCount(trx, roomId)) > 0;
  }
}
