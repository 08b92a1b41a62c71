export { createPlayer, type PlayerMedia } from './create-player.js';
export type { PlayerOptions } from './player-options.js';
export { RoomPlayer } from './player.js';
export type { HeardPosition } from './playing/output.js';
export type { PlayerStore } from './store.js';
export type {
  PlayerClock,
  PlayerReport,
  PlayerRoom,
  PlayerStatus,
  PlayerTrack,
  RoomPlayback,
} from './player-room.js';
