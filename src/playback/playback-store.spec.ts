import { describe, expect, it } from '@jest/globals';
import { pause, start } from './playback-machine.js';
import { playbackView } from './playback-store.js';

const initial = {
  ...{ status: 'stopped' as const, track_id: null, position: 0, started_at: null, ends_at: null, version: 0 },
};

describe('playback on the wire', () => {
  const playing = start(initial, 'track', 100, 1000.1234567);

  it('has microseconds', () => {
    expect(playbackView(playing, 1001.9876543)).toMatchObject({
      started_at: 1000.123457,
      position: 1.864197,
    });
    // As earlier versions stored it.
    expect(playbackView({ ...playing, started_at: 1.23456789 }, 1)).toMatchObject({ started_at: 1.234568 });
  });

  it('has a position from its first to the end of the track, whatever the time', () => {
    const positionAt = (now: number) => playbackView(playing, now).position;
    expect([0, 1100.1, 1100.2, 1e9].map(positionAt)).toEqual([0, 99.976543, 100, 100]);
    expect(playbackView(pause(playing, 100, 1e9), 2e9).position).toBe(100);
  });
});
