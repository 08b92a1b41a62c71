import type { PlayerOptions } from './player-options.js';
import type { PlayerRoom } from './player-room.js';
import { RoomPlayer } from './player.js';

/** The parts of the client library's `Room` that are played. */
export interface PlayableRoom extends Pick<PlayerRoom, 'clock' | 'playback' | 'report'> {
  readonly media: {
    fetch: PlayerRoom['fetch'];
    /** A URL that a media element can load without headers. */
    url: PlayerRoom['mediaUrl'];
  };
}

/**
 * Makes a player that plays what the room plays, in step with it. Call its `unlock()` first in the handler of the click
 * that is to make sound, and `close()` when the room is left. Making it begins to measure the room's clock.
 */
export const createPlayer = (room: PlayableRoom, options?: PlayerOptions): RoomPlayer =>
  new RoomPlayer(
    {
      clock: room.clock,
      playback: room.playback,
      fetch: (url, request) => room.media.fetch(url, request),
      mediaUrl: (url) => room.media.url(url),
      report: (report) => room.report(report),
    },
    options,
  );
