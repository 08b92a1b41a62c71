import { ClickTrack } from '../device/click-track.js';
import { keepOutputAwake } from '../device/keep-alive.js';
import type { AudioSlices } from '../media/audio-slices.js';
import type { PlayerClock, PlayerStatus, PlayerTrack } from '../player-room.js';
import { type RenderHost, startRenderHost } from '../render/render-host.js';
import { AudioClock } from '../timing/audio-clock.js';
import { fastFrom, jumpFrom } from '../timing/control.js';
import { RoomTime } from '../timing/room-time.js';
import { FeedPool } from './feed-pool.js';
import type { HeardPosition, Output } from './output.js';
import { Scheduler } from './scheduler.js';
import { emptyTimeline, segmentAt, type Timeline } from './timeline.js';
import type { DecodeSlice } from './track-feed.js';

const readingIntervalMs = 100;
/** Length of a change of volume. */
const volumeSeconds = 0.015;

export interface WebAudioParts {
  context: AudioContext;
  destination: AudioNode;
  /** The room clock, shifted by the user's offset. */
  clock: PlayerClock;
  workerUrl: string | undefined;
  openTrack: (track: PlayerTrack) => Promise<AudioSlices>;
  decode: DecodeSlice;
  /** The factor with which a track is played. */
  gainOf: (track: PlayerTrack) => number;
  keepAlive: boolean;
  isHidden: () => boolean;
  /** Called when a track turns out to be one that this output cannot play. */
  onUnplayable: (track: PlayerTrack) => void;
}

/** Seconds of `performance.now()`. */
const pageNow = () => performance.now() / 1000;

/**
 * Plays through an AudioContext, sample by sample in step with the room. Owned by the player.
 */
export class WebAudioOutput implements Output {
  readonly #gain: GainNode;
  readonly #audioClock = new AudioClock();
  readonly #time: RoomTime;
  readonly #host: Promise<RenderHost>;
  readonly #timer: ReturnType<typeof setInterval>;
  #scheduler: Scheduler | undefined;
  #timeline: Timeline = emptyTimeline;
  readonly #endKeepAlive: () => void;
  #clicks: ClickTrack | undefined;
  #closed = false;

  constructor(private readonly parts: WebAudioParts) {
    const { context } = parts;
    this.#gain = context.createGain();
    this.#gain.connect(parts.destination);
    this.#endKeepAlive = parts.keepAlive ? keepOutputAwake(context, parts.destination) : () => undefined;
    this.#time = new RoomTime(parts.clock, this.#audioClock, pageNow);
    this.#host = startRenderHost(parts.workerUrl);
    void this.#host.then((host) => this.#start(host));
    this.#timer = setInterval(() => this.#read(), readingIntervalMs);
    context.addEventListener('statechange', this.#onStateChange);
  }

  get buffered(): number {
    return this.#scheduler?.buffered ?? 0;
  }

  /** Seconds between a sample's being played and heard, as the browser believes. */
  get latency(): number {
    const { currentTime } = this.parts.context;
    const heardAt = this.#audioClock.at(currentTime);
    return Number.isFinite(heardAt) ? heardAt - pageNow() : (this.parts.context.outputLatency ?? 0);
  }

  /** The context time that is heard now. */
  get #audibleTime(): number {
    return this.parts.context.currentTime - this.latency;
  }

  get heard(): HeardPosition | undefined {
    return this.heardAt(this.#audibleTime);
  }

  get status(): PlayerStatus | undefined {
    const { context, clock } = this.parts;
    if (this.#timeline.segments.length === 0 && !this.heard) return undefined;
    if ((context.state as string) === 'interrupted') return { is: 'blocked', reason: 'interrupted' };
    if (context.state !== 'running') return { is: 'blocked', reason: 'needs_gesture' };
    if (!Number.isFinite(clock.uncertainty)) return { is: 'buffering', reason: 'clock' };
    if (!this.#time.ready || !this.#scheduler) return { is: 'buffering', reason: 'audio_clock' };
    const heard = this.heard;
    const silent = heard && this.#scheduler.silenceAt(this.#audibleTime);
    if (silent) return { is: 'silent', reason: silent };
    if (heard) {
      const error = Math.abs(heard.error);
      if (error < fastFrom) return { is: 'in_step', reason: 'web_audio' };
      return { is: 'correcting', reason: error > jumpFrom ? 'jump' : 'rate' };
    }
    const now = this.#time.at(this.#audibleTime);
    if (!segmentAt(this.#timeline, now)) {
      return this.#timeline.segments.some(({ begins }) => begins > now)
        ? { is: 'silent', reason: 'starting' }
        : undefined;
    }
    const state = this.#scheduler.state;
    const retrying = state.is === 'waiting' && state.feed.state.is === 'retrying';
    return { is: 'buffering', reason: retrying ? 'network' : 'loading' };
  }

  /** What is heard at a context time, as it was scheduled. */
  heardAt(contextTime: number): HeardPosition | undefined {
    return this.#scheduler?.heardAt(contextTime);
  }

  async unlock(): Promise<void> {
    await this.parts.context.resume();
    this.#read();
  }

  setTimeline(timeline: Timeline): void {
    this.#timeline = timeline;
    this.#scheduler?.setTimeline(timeline);
  }

  prepare(track: PlayerTrack, position: number): void {
    this.#scheduler?.prepare(track, position);
  }

  step(): void {
    if (this.parts.context.state !== 'running') return;
    this.#time.update(this.parts.context.currentTime);
    this.#scheduler?.step();
    this.#clicks?.step();
    const state = this.#scheduler?.state;
    if (state?.is === 'failed') this.parts.onUnplayable(state.segment.track);
  }

  setVolume(volume: number): void {
    this.#gain.gain.setTargetAtTime(volume, this.parts.context.currentTime, volumeSeconds / 3);
  }

  /** Clicks at each whole second of the room clock. */
  setClicks(on: boolean): void {
    this.#clicks = on ? new ClickTrack(this.parts.context, this.#gain, this.#time) : undefined;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.parts.context.removeEventListener('statechange', this.#onStateChange);
    this.#scheduler?.close();
    this.#endKeepAlive();
    this.#gain.disconnect();
    void this.#host.then((host) => host.dispose());
  }

  #start(host: RenderHost): void {
    if (this.#closed) return;
    const { context, openTrack, decode, gainOf, isHidden } = this.parts;
    const pool = new FeedPool(
      openTrack,
      decode,
      host,
      context.sampleRate,
      gainOf,
      () => void this.#scheduler?.fill(),
    );
    this.#scheduler = new Scheduler(context, this.#gain, host, pool, this.#time, isHidden);
    this.#scheduler.setTimeline(this.#timeline);
  }

  #read(): void {
    const { context } = this.parts;
    if (context.state !== 'running') return;
    const stamp = context.getOutputTimestamp?.();
    this.#audioClock.add({
      pageTime: pageNow(),
      currentTime: context.currentTime,
      outputLatency: context.outputLatency,
      timestamp: stamp && {
        contextTime: stamp.contextTime ?? 0,
        pageTime: (stamp.performanceTime ?? 0) / 1000,
      },
    });
    if (!this.#time.ready && this.#audioClock.ready) this.step();
  }

  /** While a context does not run its time stands still: what was scheduled would be played late. */
  #onStateChange = () => {
    this.#audioClock.reset();
    this.#time.reset();
    this.#scheduler?.reset();
  };
}
