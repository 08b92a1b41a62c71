import {
  clampOffset,
  type OffsetStorage,
  pageStorage,
  readOffset,
  storeOffset,
} from './device/offset-store.js';
import { PageAudio } from './device/page-audio.js';
import type { PlayerOptions } from './player-options.js';
import type { PlayerRoom, PlayerStatus } from './player-room.js';
import { createOutput } from './playing/create-output.js';
import type { HeardPosition } from './playing/output.js';
import type { OutputRouter } from './playing/output-router.js';
import { applyPlayback, emptyTimeline, type Timeline } from './playing/timeline.js';
import { type PlayerStore, StatusStore } from './store.js';

const stepIntervalMs = 250;
const reportIntervalMs = 5000;

/** Plays what the room plays, in step with it. */
export class RoomPlayer {
  readonly #status = new StatusStore();
  readonly #output: OutputRouter;
  readonly #page: PageAudio;
  readonly #storage: OffsetStorage | undefined;
  readonly #device: string;
  readonly #abort = new AbortController();
  readonly #undo: (() => void)[] = [];
  #timeline: Timeline = emptyTimeline;
  #offset: number;
  #volume: number;
  #muted: boolean;
  #clicks = false;
  #lastReport = -Infinity;

  /** Begins at once where the browser lets the page play; else the status is `blocked` until `unlock`. */
  constructor(
    private readonly room: PlayerRoom,
    options: PlayerOptions = {},
  ) {
    const { context, output } = createOutput(room, options, () => this.#offset, this.#abort.signal);
    this.#output = output;
    this.#storage = options.storage ?? pageStorage();
    this.#device = options.device ?? deviceOf(context);
    this.#offset = clampOffset(options.offset ?? readOffset(this.#storage, this.#device) ?? 0);
    this.#volume = options.volume ?? 1;
    this.#muted = options.muted ?? false;
    this.#applyVolume();
    this.#page = new PageAudio({
      mediaSession: options.mediaSession ?? true,
      wakeLock: options.wakeLock ?? true,
      coverUrl: (url) => room.mediaUrl(url),
      onPlay: () => {
        this.muted = false;
        void this.unlock();
      },
      onPause: () => {
        this.muted = true;
      },
    });
    const timer = setInterval(this.#step, stepIntervalMs);
    document.addEventListener('visibilitychange', this.#step);
    this.#undo.push(
      () => clearInterval(timer),
      () => document.removeEventListener('visibilitychange', this.#step),
      room.playback.subscribe(this.#step),
      () => {
        if (context && !options.context) void context.close();
      },
    );
    this.#step();
    void context?.resume();
  }

  /** What the player is doing, and why. */
  get status(): PlayerStore<PlayerStatus> {
    return this.#status;
  }

  /** What is heard now; undefined for silence. */
  get heard(): HeardPosition | undefined {
    return this.#output.heard;
  }

  /** What is heard at a time of the context, as it was scheduled; known for half a minute. */
  heardAt(contextTime: number): HeardPosition | undefined {
    return this.#output.web?.heardAt(contextTime);
  }

  /** Lets the browser play sound. Call it first in the handler of a click or a key. */
  async unlock(): Promise<void> {
    this.#page.unlock();
    await this.#output.unlock();
    this.#step();
  }

  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    this.#volume = Math.max(0, Math.min(1, volume));
    this.#applyVolume();
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    this.#applyVolume();
    this.#report();
  }

  /** Seconds by which the device is late; remembered for the device. At most ± 2. */
  get offset(): number {
    return this.#offset;
  }

  set offset(offset: number) {
    this.#offset = clampOffset(offset);
    storeOffset(this.#storage, this.#device, this.#offset);
    this.#step();
  }

  /** Whether a click is heard at each whole second of the room clock, to set the offset by ear. */
  get clicks(): boolean {
    return this.#clicks;
  }

  set clicks(on: boolean) {
    this.#clicks = on;
    this.#output.web?.setClicks(on);
  }

  /** Ends playing for good. */
  close(): void {
    for (const undo of this.#undo) undo();
    this.#abort.abort();
    this.#page.close();
    this.#output.close();
    this.#status.set({ is: 'silent', reason: 'closed' });
  }

  #applyVolume(): void {
    this.#output.setVolume(this.#muted ? 0 : this.#volume);
  }

  #step = (): void => {
    const playback = this.room.playback.current;
    // The first state may come before the clock is known.
    if (playback && Number.isFinite(this.room.clock.uncertainty)) {
      this.#timeline = applyPlayback(this.#timeline, playback, this.room.clock.now());
      this.#output.setTimeline(this.#timeline);
    }
    this.#output.step();
    // Where the room will go on.
    if (playback?.track && playback.status !== 'playing') {
      this.#output.prepare(playback.track, playback.position);
    }
    const changed = this.#status.set(
      this.#output.status ?? { is: 'silent', reason: playback?.status === 'paused' ? 'paused' : 'stopped' },
    );
    this.#page.show(playback?.track ?? null, playback?.status !== 'playing' || this.#muted);
    if (changed || performance.now() - this.#lastReport > reportIntervalMs) this.#report();
  };

  #report(): void {
    this.#lastReport = performance.now();
    this.room.report({
      status: this.#status.current.is,
      drift: this.heard?.error ?? 0,
      buffered: this.#output.buffered,
      uncertainty: this.room.clock.uncertainty,
      output_latency: this.#output.latency,
      offset: this.#offset,
      muted: this.#muted,
    });
  }
}

/** A name for the output device: browsers name a device only where the page chose one. */
function deviceOf(context: AudioContext | undefined): string {
  const { sinkId } = (context ?? {}) as { sinkId?: string | object };
  return (typeof sinkId === 'string' && sinkId) || 'default';
}
