import type { PlayerTrack } from '../player-room.js';

export interface PageAudioOptions {
  /** Whether the system's media controls show the track. */
  mediaSession: boolean;
  /** Whether the screen stays on while the page is visible and plays: Wi-Fi power saving adds 100 to 300 ms. */
  wakeLock: boolean;
  onPlay: () => void;
  onPause: () => void;
}

/** The parts of `navigator` that not every browser has, or not without TLS. */
interface OptionalNavigator {
  audioSession?: { type: string };
  mediaSession?: MediaSession;
  wakeLock?: WakeLock;
}

const silentSeconds = 6;
const silentRate = 8000;

/** Silence as a WAV file, 8 bits a sample. */
function silentFile(): Blob {
  const samples = silentSeconds * silentRate;
  const head = new DataView(new ArrayBuffer(44));
  const words = [0x52494646, 0, 0x57415645, 0x666d7420, 0, 0, 0, 0, 0, 0x64617461];
  words.forEach((word, index) => head.setUint32(4 * index, word));
  head.setUint32(4, 36 + samples, true);
  head.setUint32(16, 16, true);
  head.setUint32(20, 0x10001, true);
  head.setUint32(24, silentRate, true);
  head.setUint32(28, silentRate, true);
  head.setUint32(32, 0x80001, true);
  head.setUint32(40, samples, true);
  return new Blob([head, new Uint8Array(samples).fill(128)], { type: 'audio/wav' });
}

/**
 * Tells the system that the page plays music: media controls, the screen, playing in the background. Owned by the
 * player. All of it is optional; what a browser lacks or denies has no effect.
 */
export class PageAudio {
  readonly #navigator = navigator as unknown as OptionalNavigator;
  #silence: HTMLAudioElement | undefined;
  #lock: WakeLockSentinel | undefined;
  #wantsLock = false;
  #shown: string | undefined;

  constructor(private readonly options: PageAudioOptions) {
    document.addEventListener('visibilitychange', this.#holdLock);
  }

  /** Called in the handler of a click. */
  unlock(): void {
    // Web Audio goes on in the background, and with the ring switch off, on iOS 17 and later.
    if (this.#navigator.audioSession) this.#navigator.audioSession.type = 'playback';
    if (!this.options.mediaSession || !this.#navigator.mediaSession || this.#silence) return;
    // Media controls belong to media elements; Android also keeps a page with one alive.
    const url = URL.createObjectURL(silentFile());
    this.#silence = new Audio(url);
    this.#silence.loop = true;
    this.#silence.play().catch(() => undefined);
    this.#handle('play', this.options.onPlay);
    this.#handle('pause', this.options.onPause);
  }

  /** Shows the track that is heard, null for silence. */
  show(track: PlayerTrack | null, paused: boolean): void {
    this.#wantsLock = track !== null && !paused;
    this.#holdLock();
    const session = this.#navigator.mediaSession;
    const shown = `${track?.id} ${paused}`;
    if (!session || !this.#silence || this.#shown === shown) return;
    this.#shown = shown;
    const { title = '', artist, album, cover_url: cover } = track ?? {};
    session.metadata = track
      ? new MediaMetadata({
          title,
          artist: artist ?? '',
          album: album ?? '',
          artwork: cover ? [{ src: cover }] : [],
        })
      : null;
    session.playbackState = track ? (paused ? 'paused' : 'playing') : 'none';
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#holdLock);
    this.#wantsLock = false;
    this.#holdLock();
    if (!this.#silence) return;
    this.#silence.pause();
    URL.revokeObjectURL(this.#silence.src);
    this.#handle('play', null);
    this.#handle('pause', null);
  }

  #handle(action: MediaSessionAction, handler: (() => void) | null): void {
    this.#navigator.mediaSession?.setActionHandler(action, handler);
  }

  /** A lock is lost whenever the page is hidden. */
  #holdLock = (): void => {
    const { wakeLock } = this.#navigator;
    if (!this.options.wakeLock || !wakeLock) return;
    if (!this.#wantsLock || document.hidden) {
      void this.#lock?.release();
      this.#lock = undefined;
    } else if (!this.#lock || this.#lock.released) {
      wakeLock.request('screen').then(
        (lock) => {
          this.#lock = lock;
          if (!this.#wantsLock) void lock.release();
        },
        () => undefined,
      );
    }
  };
}
