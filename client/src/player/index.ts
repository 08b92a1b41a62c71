export type { PlayerOptions } from './player.js';
export { RoomPlayer } from './player.js';
export type {
  PlayerClock,
  PlayerReport,
  PlayerRoom,
  PlayerStatus,
  PlayerTrack,
  RoomPlayback,
} from './player-room.js';
