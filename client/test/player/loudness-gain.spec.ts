import { expect, test } from '@jest/globals';
import { loudnessGain } from '../../src/player/playing/loudness-gain.js';
import { partOf } from '../../src/player/playing/render-parts.js';
import type { TrackFeed } from '../../src/player/playing/track-feed.js';

const track = { id: 'a', duration: 1, mime_type: 'audio/flac', stream_url: '/a' };
const decibelsOf = (integrated_lufs: number, true_peak_db: number) =>
  20 * Math.log10(loudnessGain({ ...track, loudness: { integrated_lufs, true_peak_db } }));

test.each([
  { name: 'a loud track is lowered to -14 LUFS', lufs: -8, peak: 0.5, gain: -6 },
  { name: 'a quiet track is raised to -14 LUFS', lufs: -18, peak: -8, gain: 4 },
  { name: 'by no more than 6 dB', lufs: -30, peak: -20, gain: 6 },
  { name: 'and not above a true peak of -1 dBTP', lufs: -18, peak: -3, gain: 2 },
  { name: 'a track with peaks above that is lowered', lufs: -14, peak: 1, gain: -2 },
])('$name', ({ lufs, peak, gain }) => {
  expect(decibelsOf(lufs, peak)).toBeCloseTo(gain, 6);
});

test('a track that was not measured is played as it is', () => {
  expect([loudnessGain(track), loudnessGain({ ...track, loudness: null })]).toEqual([1, 1]);
});

test('the gain applies to whole parts and to fades', () => {
  const feed = { voice: 1, sampleRate: 48_000, gain: 0.5 } as TrackFeed;
  expect(partOf(feed, 0, 1, 10, 48_000)).toMatchObject({ from: 0.5, to: 0.5 });
  expect(partOf(feed, 0, 1, 10, 48_000, [0, 1])).toMatchObject({ from: 0, to: 0.5 });
});
