import { describe, expect, test } from '@jest/globals';
import type { PlayerTrack, RoomPlayback } from '../../src/player/player-room.js';
import {
  applyPlayback,
  emptyTimeline,
  segmentAfter,
  segmentAt,
  type Timeline,
} from '../../src/player/playing/timeline.js';

const track = (id: string): PlayerTrack => ({
  id,
  duration: 100,
  mime_type: 'audio/wav',
  stream_url: `/${id}`,
});
const [first, second] = [track('first'), track('second')];

let version = 0;
const state = (changes: Partial<RoomPlayback>): RoomPlayback => {
  version += 1;
  const given = { track: first, ...changes };
  return {
    status: 'playing',
    track_id: given.track?.id ?? null,
    position: 0,
    started_at: null,
    version,
    next: null,
    ...given,
  };
};
const heard = (timeline: Timeline, time: number) => segmentAt(timeline, time)?.track.id;

describe('the timeline', () => {
  test('begins a track at its moment', () => {
    const timeline = applyPlayback(emptyTimeline, state({ started_at: 1000.5 }), 1000);
    expect([heard(timeline, 1000.4), heard(timeline, 1000.6)]).toEqual([undefined, 'first']);
    expect(segmentAfter(timeline, 1000)?.begins).toBe(1000.5);
  });

  test('holds a position until the moment from which the room moves on from it', () => {
    const timeline = applyPlayback(emptyTimeline, state({ position: 30, started_at: 1000.5 - 30 }), 1000);
    expect(segmentAfter(timeline, 1000)).toMatchObject({ begins: 1000.5, startedAt: 970.5 });
  });

  test('goes on with the previous track until the next one begins', () => {
    const before = applyPlayback(emptyTimeline, state({ started_at: 900 }), 950);
    const after = applyPlayback(before, state({ track: second, started_at: 1000 }), 999);
    expect([heard(after, 999.9), heard(after, 1000)]).toEqual(['first', 'second']);
  });

  test('goes on until now where the next track has begun already', () => {
    const before = applyPlayback(emptyTimeline, state({ started_at: 900 }), 950);
    const after = applyPlayback(before, state({ track: second, started_at: 990 }), 999);
    expect([heard(after, 998), heard(after, 999)]).toEqual(['second', 'second']);
    expect(after.segments[0]).toMatchObject({ ends: 999 });
  });

  test('ends at once for a pause and a stop', () => {
    const before = applyPlayback(emptyTimeline, state({ started_at: 900 }), 950);
    for (const status of ['paused', 'stopped'] as const) {
      const after = applyPlayback(before, state({ status, position: 50 }), 950);
      expect([heard(after, 949), heard(after, 950)]).toEqual(['first', undefined]);
    }
  });

  test('forgets a beginning that was called off', () => {
    const before = applyPlayback(emptyTimeline, state({ started_at: 1001 }), 1000);
    expect(applyPlayback(before, state({ status: 'paused' }), 1000.5).segments).toEqual([]);
  });

  test('keeps what is playing where a newer state says the same', () => {
    const before = applyPlayback(emptyTimeline, state({ started_at: 900 }), 950);
    const after = applyPlayback(before, state({ started_at: 900.000001 }), 960);
    expect(after.segments).toEqual(before.segments);
  });

  test('expects the next track where the current one ends, and goes on with it when the room says so', () => {
    const before = applyPlayback(emptyTimeline, state({ started_at: 900, next: second }), 950);
    expect([heard(before, 999.9), heard(before, 1000)]).toEqual(['first', 'second']);
    const after = applyPlayback(before, state({ track: second, started_at: 1000.000001 }), 999.8);
    expect(after.segments).toEqual(before.segments);
    const late = applyPlayback(before, state({ track: second, started_at: 1000, next: first }), 1000.3);
    expect(late.segments[0]).toEqual({ ...before.segments[1], ends: 1100 });
    expect([heard(late, 1000.4), heard(late, 1100)]).toEqual(['second', 'first']);
  });

  test('expects another track as soon as another one is next, and none where none is', () => {
    const third = track('third');
    let timeline = applyPlayback(emptyTimeline, state({ started_at: 900, next: second }), 950);
    const [current] = timeline.segments;
    timeline = applyPlayback(timeline, state({ started_at: 900, next: third }), 960);
    expect([heard(timeline, 999), heard(timeline, 1000)]).toEqual(['first', 'third']);
    expect(timeline.segments[0]).toEqual(current);
    timeline = applyPlayback(timeline, state({ started_at: 900 }), 970);
    expect(timeline.segments).toEqual([{ ...current, ends: Infinity }]);
  });

  test('gives up the expected track for a pause, a seek and a skip', () => {
    const before = applyPlayback(emptyTimeline, state({ started_at: 900, next: second }), 950);
    const paused = applyPlayback(before, state({ status: 'paused', next: second }), 960);
    expect(heard(paused, 1000)).toBeUndefined();
    const seeked = applyPlayback(before, state({ started_at: 950.5, position: 10, next: second }), 960);
    expect([heard(seeked, 1050), heard(seeked, 1050.5)]).toEqual(['first', 'second']);
    const skipped = applyPlayback(before, state({ track: second, started_at: 970 }), 969.8);
    expect([heard(skipped, 969.9), heard(skipped, 1000)]).toEqual(['first', 'second']);
    expect(skipped.segments.at(-1)).toMatchObject({ startedAt: 970 });
  });

  test('ignores an older state', () => {
    const old = state({ status: 'stopped' });
    const before = applyPlayback(emptyTimeline, state({ started_at: 900 }), 950);
    expect(applyPlayback(before, old, 960)).toBe(before);
  });

  test('plays a track again where it ends: as the settings say, and then as the room says', () => {
    const before = applyPlayback(emptyTimeline, state({ started_at: 900, next: first }), 950);
    const after = applyPlayback(before, state({ started_at: 1000, next: first }), 999.75);
    for (const time of [999.9, 1000.5]) {
      expect(segmentAt(after, time)?.id).toBe(segmentAt(before, time)!.id);
      expect(heard(after, time)).toBe('first');
    }
    expect(segmentAt(after, 999.9)).toMatchObject({ startedAt: 900, ends: 1000 });
    expect(segmentAt(after, 1000.5)).toMatchObject({ startedAt: 1000, begins: 1000, ends: 1100 });
  });

  test('does not grow', () => {
    let timeline = emptyTimeline;
    for (let time = 1000; time < 1100; time += 1) {
      timeline = applyPlayback(timeline, state({ position: time % 7, started_at: time }), time);
    }
    expect(timeline.segments.length).toBeLessThanOrEqual(3);
  });
});
