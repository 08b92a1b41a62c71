import type { PlayerTrack, RoomPlayback } from '../player-room.js';

/** A stretch of room time in which one track is heard without interruption. All times are seconds on the room clock. */
export interface Segment {
  /** The same for a segment whose end became known later. */
  readonly id: number;
  readonly track: PlayerTrack;
  /** The track's position at a room time `t` is `t − startedAt`. */
  readonly startedAt: number;
  /** When the segment begins; it may have begun long ago. */
  readonly begins: number;
  /** When it ends; Infinity where only a later state of the room tells. */
  readonly ends: number;
}

/** The newest state that was applied, and what follows from it and the states before. */
export interface Timeline {
  readonly version: number;
  /** In order of time, without overlap. */
  readonly segments: readonly Segment[];
  readonly nextId: number;
}

export const emptyTimeline: Timeline = { version: -1, segments: [], nextId: 1 };

/** Differences of `started_at` below this are rounding. */
const sameMoment = 1e-5;

/**
 * Applies a state of the room. What is playing goes on until the new state begins, which may lie in the future; a pause
 * or a stop takes effect now. An older version than the timeline's changes nothing.
 * @param now room time
 */
export function applyPlayback(timeline: Timeline, playback: RoomPlayback, now: number): Timeline {
  if (playback.version < timeline.version) return timeline;
  const { version, status, track, position, started_at: startedAt } = playback;
  const { nextId } = timeline;
  const running = timeline.segments.filter(({ begins, ends }) => begins < now && ends > now);
  if (status !== 'playing' || track === null || startedAt === null) {
    return { version, nextId, segments: endAt(running, now) };
  }
  const begins = startedAt + position;
  const last = timeline.segments.at(-1);
  if (
    last &&
    last.track.id === track.id &&
    Math.abs(last.startedAt - startedAt) < sameMoment &&
    last.ends > now
  ) {
    return { ...timeline, version };
  }
  const next: Segment = { id: nextId, track, startedAt, begins, ends: Infinity };
  return { version, nextId: nextId + 1, segments: [...endAt(running, Math.max(now, begins)), next] };
}

const endAt = (segments: readonly Segment[], time: number): Segment[] =>
  segments.map((segment) => ({ ...segment, ends: Math.min(segment.ends, time) }));

/** The segment that is heard at a room time. */
export const segmentAt = (timeline: Timeline, time: number): Segment | undefined =>
  timeline.segments.findLast(({ begins, ends }) => begins <= time && time < ends);

/** The first segment that begins after a room time. */
export const segmentAfter = (timeline: Timeline, time: number): Segment | undefined =>
  timeline.segments.find(({ begins }) => begins > time);
