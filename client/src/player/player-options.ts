import type { OffsetStorage } from './device/offset-store.js';

export interface PlayerOptions {
  /** `auto`: Web Audio, and a media element for tracks that Web Audio cannot play. `media_element`: that one only. */
  mode?: 'auto' | 'media_element';
  /** The context to play through; without it the player makes one, and closes it. */
  context?: AudioContext;
  /** Where the sound goes; without it the context's destination. */
  destination?: AudioNode;
  /** URL of the file `@roomcast/client/player-worker`, for pages whose policy forbids workers from `blob:`. */
  workerUrl?: string;
  /** Seconds by which sound comes out of the device later than the browser believes; it is played so much earlier. */
  offset?: number;
  /** Names the output device under which the offset is remembered, where the context does not. */
  device?: string;
  /** Where offsets are remembered; without it the page's local storage. */
  storage?: OffsetStorage;
  /** 0 to 1. */
  volume?: number;
  muted?: boolean;
  /** Whether tracks are played about equally loud, where the server has measured them; true without it. */
  levelLoudness?: boolean;
  /** Noise at −80 dB, so that Bluetooth devices do not fall asleep; true without it. */
  keepAlive?: boolean;
  /** Whether the system's media controls show the track; true without it. */
  mediaSession?: boolean;
  /** Whether the screen stays on while the page plays; true without it. */
  wakeLock?: boolean;
}
