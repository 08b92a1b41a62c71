import type { RoomPlayer } from '@roomcast/client/player';
import { readStored, writeStored } from '../../stores/local-storage.js';
import { ValueStore } from '../../stores/value-store.js';

export interface Sound {
  /** 0 to 1. */
  readonly volume: number;
  readonly muted: boolean;
}

const volumeKey = 'roomcast.volume';
/** The system's media controls mute the player without telling the page. */
const pollMs = 500;

/** Volume and mute of this device. The volume is remembered. */
export class DeviceSound extends ValueStore<Sound> {
  constructor(private readonly player: RoomPlayer) {
    const stored = readStored<unknown>(volumeKey);
    if (typeof stored === 'number' && stored >= 0 && stored <= 1) player.volume = stored;
    super({ volume: player.volume, muted: player.muted });
  }

  setVolume(volume: number): void {
    this.player.volume = volume;
    if (volume > 0) this.player.muted = false;
    writeStored(volumeKey, this.player.volume);
    this.#read();
  }

  toggleMuted(): void {
    this.player.muted = !this.player.muted;
    if (!this.player.muted && this.player.volume === 0) this.player.volume = 0.5;
    this.#read();
  }

  /** @returns what ends it */
  start(): () => void {
    const timer = setInterval(() => this.#read(), pollMs);
    return () => clearInterval(timer);
  }

  #read(): void {
    const { volume, muted } = this.player;
    if (volume !== this.current.volume || muted !== this.current.muted) this.set({ volume, muted });
  }
}
