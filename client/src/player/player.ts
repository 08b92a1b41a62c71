import { type AudioSlices } from './media/audio-slices.js';
import { openAudio } from './media/open-audio.js';
import { RangedSource } from './media/ranged-source.js';
import { decodeFile, SliceDecoder } from './media/slice-decoder.js';
import {
  clampOffset,
  type OffsetStorage,
  pageStorage,
  readOffset,
  storeOffset,
} from './device/offset-store.js';
import type { PlayerRoom, PlayerStatus, PlayerTrack } from './player-room.js';
import type { HeardPosition } from './playing/output.js';
import { applyPlayback, emptyTimeline, type Timeline } from './playing/timeline.js';
import { WebAudioOutput } from './playing/web-audio-output.js';
import { type PlayerStore, SettableStore } from './store.js';

const stepIntervalMs = 250;
const reportIntervalMs = 5000;
/** The next track is decoded so many seconds before the current one ends. */
const prepareBefore = 20;
/** So many seconds of it. */
const prepareSeconds = 10;

export interface PlayerOptions {
  /** The context to play through; without it the player makes one, and closes it. */
  context?: AudioContext;
  /** Where the sound goes; without it the context's destination. */
  destination?: AudioNode;
  /** URL of the file `@roomcast/client/player-worker`, for pages whose policy forbids workers from `blob:`. */
  workerUrl?: string;
  /** Seconds by which sound comes out of the device later than the browser believes; it is played so much earlier. */
  offset?: number;
  /** Names the output device under which the offset is remembered. */
  device?: string;
  storage?: OffsetStorage;
  /** 0 to 1. */
  volume?: number;
  muted?: boolean;
}

/** Plays what the room plays, in step with it. */
export class RoomPlayer {
  readonly #status = new SettableStore<PlayerStatus>(
    { is: 'silent', reason: 'stopped' },
    (a, b) => a.is === b.is && a.reason === b.reason,
  );
  readonly #context: AudioContext;
  readonly #output: WebAudioOutput;
  readonly #storage: OffsetStorage | undefined;
  readonly #device: string;
  readonly #abort = new AbortController();
  readonly #undo: (() => void)[] = [];
  #timeline: Timeline = emptyTimeline;
  #offset: number;
  #volume: number;
  #muted: boolean;
  #lastReport = -Infinity;

  constructor(
    private readonly room: PlayerRoom,
    private readonly options: PlayerOptions = {},
  ) {
    this.#storage = options.storage ?? pageStorage();
    this.#device = options.device ?? 'default';
    this.#offset = clampOffset(options.offset ?? readOffset(this.#storage, this.#device) ?? 0);
    this.#volume = options.volume ?? 1;
    this.#muted = options.muted ?? false;
    this.#context = options.context ?? new AudioContext({ latencyHint: 'playback' });
    const decoder = new SliceDecoder(decodeFile, () => Promise.resolve(0));
    const { clock } = room;
    this.#output = new WebAudioOutput({
      context: this.#context,
      destination: options.destination ?? this.#context.destination,
      clock: {
        now: () => clock.now() + this.#offset,
        get uncertainty() {
          return clock.uncertainty;
        },
      },
      workerUrl: options.workerUrl,
      openTrack: (track) => this.#open(track),
      decode: (slices, slice) => decoder.samplesOf(slices, slice),
      isHidden: () => document.hidden,
      onUnplayable: () => {},
    });
    this.#applyVolume();
    const timer = setInterval(() => this.#step(), stepIntervalMs);
    this.#undo.push(() => clearInterval(timer));
    this.#undo.push(room.playback.subscribe(() => this.#onPlayback()));
    const onVisibility = () => this.#step();
    document.addEventListener('visibilitychange', onVisibility);
    this.#undo.push(() => document.removeEventListener('visibilitychange', onVisibility));
    this.#onPlayback();
    void this.#context.resume();
  }

  /** What the player is doing, and why. */
  get status(): PlayerStore<PlayerStatus> {
    return this.#status;
  }

  /** What is heard now; undefined for silence. */
  get heard(): HeardPosition | undefined {
    return this.#output.heard;
  }

  /** What is heard at a time of the context, as it was scheduled. */
  heardAt(contextTime: number): HeardPosition | undefined {
    return this.#output.heardAt(contextTime);
  }

  /** Lets the browser play sound. Call it first in the handler of a click or a key. */
  async unlock(): Promise<void> {
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

  close(): void {
    for (const undo of this.#undo) undo();
    this.#abort.abort();
    this.#output.close();
    if (!this.options.context) void this.#context.close();
    this.#status.set({ is: 'silent', reason: 'closed' });
  }

  async #open(track: PlayerTrack): Promise<AudioSlices> {
    const { signal } = this.#abort;
    const source = await RangedSource.open((range) => this.room.fetch(track.stream_url, { range, signal }));
    return openAudio(source);
  }

  #applyVolume(): void {
    this.#output.setVolume(this.#muted ? 0 : this.#volume);
  }

  #onPlayback(): void {
    const playback = this.room.playback.current;
    if (playback && Number.isFinite(this.room.clock.uncertainty)) {
      this.#timeline = applyPlayback(this.#timeline, playback, this.room.clock.now());
      this.#output.setTimeline(this.#timeline);
    }
    this.#step();
  }

  #step(): void {
    const playback = this.room.playback.current;
    // The first state may come before the clock is known.
    if (
      playback &&
      this.#timeline.version < playback.version &&
      Number.isFinite(this.room.clock.uncertainty)
    ) {
      this.#onPlayback();
      return;
    }
    this.#output.step();
    this.#prepare();
    const changed = this.#status.set(this.#currentStatus());
    if (changed || performance.now() - this.#lastReport > reportIntervalMs) this.#report();
  }

  #prepare(): void {
    const playback = this.room.playback.current;
    if (!playback?.track || !Number.isFinite(this.room.clock.uncertainty)) return;
    if (playback.status !== 'playing' || playback.started_at === null) {
      this.#output.prepare(playback.track, playback.position, prepareSeconds);
      return;
    }
    const remaining = playback.started_at + playback.track.duration - this.room.clock.now();
    if (playback.next && remaining < prepareBefore) this.#output.prepare(playback.next, 0, prepareSeconds);
  }

  #currentStatus(): PlayerStatus {
    const status = this.#output.status;
    if (status) return status;
    const playback = this.room.playback.current;
    return { is: 'silent', reason: playback?.status === 'paused' ? 'paused' : 'stopped' };
  }

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
