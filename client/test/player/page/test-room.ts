import type { PlayerReport, PlayerRoom, PlayerTrack, RoomPlayback } from '../../../src/player/player-room.js';

/** A room whose clock and playback the test sets. Its clock is that of the page, shifted and optionally faster. */
export class TestRoom implements PlayerRoom {
  readonly reports: PlayerReport[] = [];
  readonly #listeners = new Set<() => void>();
  #current: RoomPlayback | null = null;
  #version = 0;
  uncertainty = 0.0001;
  /** The room clock runs faster than the page's by this: 1e-4 is 100 ppm. */
  rate = 0;
  shift = 1_700_000_000;

  readonly clock: PlayerRoom['clock'];
  readonly playback: PlayerRoom['playback'];

  constructor() {
    const room = this as TestRoom;
    this.clock = {
      now: () => room.roomTimeOf(performance.now() / 1000),
      get uncertainty() {
        return room.uncertainty;
      },
    };
    this.playback = {
      get current() {
        return room.#current;
      },
      subscribe(listener) {
        room.#listeners.add(listener);
        return () => room.#listeners.delete(listener);
      },
    };
  }

  /** @param pageTime seconds of `performance.now()` */
  roomTimeOf(pageTime: number): number {
    return pageTime * (1 + this.rate) + this.shift;
  }

  set(playback: Partial<RoomPlayback> & Pick<RoomPlayback, 'status'>): void {
    this.#version += 1;
    const { track = this.#current?.track ?? null, next = null } = playback;
    this.#current = {
      track_id: track?.id ?? null,
      position: 0,
      started_at: null,
      version: this.#version,
      ...playback,
      track,
      next,
    };
    for (const listener of this.#listeners) listener();
  }

  /** Plays a track from a position on, in `lead` seconds. */
  play(track: PlayerTrack, position = 0, lead = 0.5, next: PlayerTrack | null = null): void {
    this.set({ status: 'playing', track, position, started_at: this.clock.now() + lead - position, next });
  }

  fetch = (url: string, { range, signal }: { range: string; signal: AbortSignal }): Promise<Response> =>
    fetch(url, { headers: { range }, signal });

  mediaUrl = (url: string): Promise<string> => Promise.resolve(url);

  report(report: PlayerReport): void {
    this.reports.push(report);
  }
}

/** A track of a file that the rig serves. */
export const trackOf = (file: string, duration: number): PlayerTrack => ({
  id: file,
  duration,
  mime_type: 'application/octet-stream',
  stream_url: `/${file}`,
});
