import type { PlayerTrack, RoomPlayback } from '../player-room.js';

/** A stretch of room time in which one track is heard without interruption. All times are seconds on the room clock. */
export interface Segment {
  /** The same for a segment whose end became known later, or changed. */
  readonly id: symbol;
  readonly track: PlayerTrack;
  /** The track's position at a room time `t` is `t − startedAt`. */
  readonly startedAt: number;
  /** When the segment begins; it may have begun long ago. */
  readonly begins: number;
  /** When it ends; Infinity where nothing is known to follow. */
  readonly ends: number;
}

/** The newest state that was applied, and what follows from it and the states before. */
export interface Timeline {
  readonly version: number;
  /** In order of time, without overlap. */
  readonly segments: readonly Segment[];
}

export const emptyTimeline: Timeline = { version: -1, segments: [] };

/** Differences of `started_at` below this are rounding. */
const sameMoment = 1e-5;

/**
 * Applies a state of the room. What is playing goes on until the new state begins, which may lie in the future; a pause
 * or a stop takes effect now. The next track is expected to begin where the current one ends, so that it can be rendered
 * before the room says so: that comes only 0.25 s before, some of which the network and the output take. An older
 * version than the timeline's changes nothing.
 * @param now room time
 */
export function applyPlayback(timeline: Timeline, playback: RoomPlayback, now: number): Timeline {
  if (playback.version < timeline.version) return timeline;
  const { version, track, position, started_at: startedAt, next } = playback;
  const segmentOf = (of: PlayerTrack, from: number, begins: number, ends: number): Segment => {
    const known = timeline.segments.find(
      (segment) =>
        segment.track.id === of.id && Math.abs(segment.startedAt - from) < sameMoment && segment.ends > now,
    );
    return { id: Symbol(), track: of, startedAt: from, begins, ...known, ends };
  };
  const applied: Segment[] = [];
  if (track !== null && startedAt !== null) {
    const end = next ? startedAt + track.duration : Infinity;
    applied.push(segmentOf(track, startedAt, startedAt + position, end));
    if (next) applied.push(segmentOf(next, end, end, Infinity));
  }
  const until = Math.max(now, applied[0]?.begins ?? 0);
  const running = timeline.segments
    .filter(
      ({ id, begins, ends }) => begins < now && ends > now && applied.every((segment) => segment.id !== id),
    )
    .map((segment) => ({ ...segment, ends: Math.min(segment.ends, until) }));
  return { version, segments: [...running, ...applied] };
}

/** The segment that is heard at a room time. */
export const segmentAt = (timeline: Timeline, time: number): Segment | undefined =>
  timeline.segments.findLast(({ begins, ends }) => begins <= time && time < ends);

/** The first segment that begins after a room time. */
export const segmentAfter = (timeline: Timeline, time: number): Segment | undefined =>
  timeline.segments.find(({ begins }) => begins > time);
