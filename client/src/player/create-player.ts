import { RoomPlayer } from './player.js';
import type { PlayerOptions } from './player-options.js';
import type { PlayerRoom } from './player-room.js';

/** Requests for audio with the user's authorisation; the client library's `roomcast.media` is one. */
export interface PlayerMedia {
  fetch: PlayerRoom['fetch'];
  /** A URL that a media element can load without headers. */
  url: PlayerRoom['mediaUrl'];
}

/**
 * Plays what a room plays.
 * @param room the client library's room, or anything with its clock, its playback and `report`
 */
export function createPlayer(
  room: Pick<PlayerRoom, 'clock' | 'playback' | 'report'>,
  media: PlayerMedia,
  options: PlayerOptions = {},
): RoomPlayer {
  return new RoomPlayer(
    {
      clock: room.clock,
      playback: room.playback,
      report: (report) => room.report(report),
      fetch: (url, request) => media.fetch(url, request),
      mediaUrl: (url) => media.url(url),
    },
    options,
  );
}
