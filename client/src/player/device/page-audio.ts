import { wavFile } from '../media/wav.js';
import type { PlayerTrack } from '../player-room.js';

export interface PageAudioOptions {
  /** Whether the system's media controls show the track. */
  mediaSession: boolean;
  /** Whether the screen stays on while the page is visible and plays: Wi-Fi power saving adds 100 to 300 ms. */
  wakeLock: boolean;
  /** A URL of a cover that the system can load: it has no token. */
  coverUrl: (url: string) => Promise<string>;
  onPlay: () => void;
  onPause: () => void;
}

/** The parts of `navigator` that not every browser has, or not without TLS. */
interface OptionalNavigator {
  audioSession?: { type: string };
  mediaSession?: MediaSession;
  wakeLock?: WakeLock;
}

/** 6 s of silence: mono, 8000 samples a second of 8 bits. */
const silentFormat = Uint8Array.of(1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x40, 0x1f, 0, 0, 1, 0, 8, 0);
const silentSamples = 48_000;

/**
 * Tells the system that the page plays music: media controls, the screen, playing in the background. Owned by the
 * player. All of it is optional; what a browser lacks or denies has no effect.
 */
export class PageAudio {
  readonly #navigator = navigator as unknown as OptionalNavigator;
  #silence: HTMLAudioElement | undefined;
  #lock: WakeLockSentinel | undefined;
  #wantsLock = false;
  /** Whether a request is pending. A second one would replace the first lock, which would then never be released. */
  #isRequesting = false;
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
    const file = wavFile(silentFormat, new Uint8Array(silentSamples).fill(128));
    const url = URL.createObjectURL(new Blob([file], { type: 'audio/wav' }));
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
    const texts = { title, artist: artist ?? '', album: album ?? '' };
    session.metadata = track ? new MediaMetadata(texts) : null;
    session.playbackState = track ? (paused ? 'paused' : 'playing') : 'none';
    if (!cover) return;
    this.options.coverUrl(cover).then(
      (src) => {
        if (this.#shown === shown) session.metadata = new MediaMetadata({ ...texts, artwork: [{ src }] });
      },
      // Shown without its cover.
      () => undefined,
    );
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
    } else if (!this.#isRequesting && (!this.#lock || this.#lock.released)) {
      void this.#requestLock(wakeLock);
    }
  };

  async #requestLock(wakeLock: WakeLock): Promise<void> {
    this.#isRequesting = true;
    try {
      this.#lock = await wakeLock.request('screen');
      if (!this.#wantsLock) void this.#lock.release();
    } catch {
      // The screen may go dark.
    } finally {
      this.#isRequesting = false;
    }
  }
}
