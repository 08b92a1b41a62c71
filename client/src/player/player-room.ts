/** A track as the player needs it; the wire contract's `track` fits. */
export interface PlayerTrack {
  id: string;
  title?: string;
  artist?: string | null;
  album?: string | null;
  /** Seconds. */
  duration: number;
  mime_type: string;
  stream_url: string;
  cover_url?: string | null;
  loudness?: { integrated_lufs: number; true_peak_db: number } | null;
}

/** The room's playback state, with the tracks that it concerns. Times are seconds on the room clock. */
export interface RoomPlayback {
  status: 'playing' | 'paused' | 'stopped';
  track_id: string | null;
  /** Seconds into the track. While playing, the position is never smaller than this. */
  position: number;
  /** The room time at which position 0 is, or would have been, heard; null unless playing. */
  started_at: number | null;
  /** Grows with every change; an older state never replaces a newer one. */
  version: number;
  /** The track with `track_id`; null if there is none or it is not known yet. */
  track: PlayerTrack | null;
  /** What follows the track when it has ended, which may be the same again; null if nothing is known to. */
  next: PlayerTrack | null;
}

/** The room clock; the client library's implements it. */
export interface PlayerClock {
  /** Seconds since 1970 on the room clock, with fraction. Only called when `uncertainty` is finite. */
  now(): number;
  /** Seconds by which `now` may be wrong; Infinity before the first synchronisation. */
  readonly uncertainty: number;
}

/** What the player reports to the room: the payload of the message `sync_report`. Durations are seconds. */
export interface PlayerReport {
  status: PlayerStatus['is'];
  /** By how much this listener is ahead of the room. */
  drift: number;
  /** Audio that is decoded ahead of what is heard. */
  buffered: number;
  uncertainty: number;
  output_latency: number;
  /** The offset that the user set for this output device. */
  offset: number;
  muted: boolean;
}

/** What the player needs from a room. The client library's room implements it; tests and other hosts may too. */
export interface PlayerRoom {
  readonly clock: PlayerClock;
  readonly playback: {
    readonly current: RoomPlayback | null;
    /** Calls the listener after each change of `current`; returns what ends that. */
    subscribe(listener: () => void): () => void;
  };
  /**
   * Requests a part of a stream with the user's authorisation.
   * @param url a track's `stream_url`
   * @param options `range` is a Range header, for example `bytes=0-65535`
   */
  fetch(url: string, options: { range: string; signal: AbortSignal }): Promise<Response>;
  /** A URL that a media element can load without headers. */
  mediaUrl(url: string): Promise<string>;
  report(report: PlayerReport): void;
}

/** What the player is doing, and why. */
export type PlayerStatus =
  /** The browser does not let the page play: `unlock()` has to be called in a click or key handler. */
  | { is: 'blocked'; reason: 'needs_gesture' | 'interrupted' }
  /** Nothing is heard yet; playing begins as soon as what is missing is there. */
  | { is: 'buffering'; reason: 'clock' | 'audio_clock' | 'loading' | 'network' }
  /** The room is heard in step. */
  | { is: 'in_step'; reason: 'web_audio' | 'media_element' }
  /** The room is heard, and the position is being corrected. */
  | { is: 'correcting'; reason: 'rate' | 'jump' }
  /** Nothing is to be heard, or the track cannot be played here. */
  | { is: 'silent'; reason: SilentReason };

export type SilentReason = 'stopped' | 'paused' | 'starting' | 'ended' | 'unplayable' | 'closed';
