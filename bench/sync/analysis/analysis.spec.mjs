import { describe, expect, test } from '@jest/globals';
import { noise } from '../signal/noise.mjs';
import { normalFrom, randomFrom } from '../signal/random.mjs';
import { figures } from './figures.mjs';
import { Heard } from './heard.mjs';
import { PageClock } from './page-clock.mjs';
import { playing, quantile } from './playing.mjs';
import { compare, times } from './skew.mjs';
import { Timeline } from './timeline.mjs';
import { transition } from './transition.mjs';

const rate = 48_000;
/** The machine's time at which the context's time is 0; frames are heard so much later. */
const begin = 1_800_000_000;
const latency = 0.07;
const tracks = { a: noise(1, 12, rate), b: noise(2, 12, rate) };
const sources = new Map(Object.entries(tracks));

/** Stamps as Chromium gives them on an output without a sound card. @param stall from here on everything is late */
function stamps({ seed = 1, stall = Infinity } = {}) {
  const normal = normalFrom(randomFrom(seed));
  return Array.from({ length: 800 }, (_, i) => {
    const contextTime = 0.5 + 0.025 * i;
    const late = contextTime >= stall ? 1024 / rate : 0;
    return [contextTime, begin + contextTime + latency + late + 0.0001 * normal()];
  });
}

/** Track a from 1 s of the machine's time on, and b behind it. */
function timelineOf() {
  const timeline = new Timeline();
  const state = { status: 'playing', position: 0 };
  timeline.add({ ...state, version: 1, track_id: 'a', started_at: begin + 1 }, begin);
  timeline.add({ ...state, version: 2, track_id: 'b', started_at: begin + 13 }, begin + 12);
  return timeline;
}

/**
 * A listener who hears each track so many frames later than the room has it.
 * @param late frames, of the track with this id
 */
function listener(late, options) {
  const samples = new Int16Array(20 * rate);
  for (const { trackId, startedAt, begins, ends } of timelineOf().segments) {
    const track = tracks[trackId];
    const frameAt = (time) => Math.round((time - begin - latency) * rate) + late(trackId);
    const zero = frameAt(startedAt);
    const last = Math.min(samples.length, frameAt(ends), zero + track.length);
    for (let frame = Math.max(0, frameAt(begins)); frame < last; frame += 1) {
      samples[frame] = 32767 * track[frame - zero];
    }
  }
  const recording = { rate, firstFrame: 0, samples, stamps: stamps(options), clockMs: 0, clockRate: 0 };
  return new Heard(recording, sources, timelineOf());
}

describe('what listeners heard', () => {
  test('tells by how much one is later than the other', () => {
    const heard = [listener(() => 202), listener(() => -48, { seed: 2 })];
    const { skews, unheard, windows } = compare(heard, times(begin + 2, begin + 6, 0.5));
    expect(unheard).toBe(0);
    expect(windows[0]).toHaveLength(8);
    expect(skews).toHaveLength(8);
    for (const { skew, pair } of skews) {
      expect(pair).toBe('0-1');
      expect(skew).toBeCloseTo(250 / rate, 4);
    }
  });

  test('is found where it is half a second late, and counted where it is not there', () => {
    const [late, at] = [listener(() => rate / 2), times(begin + 3, begin + 5, 0.5)];
    expect(late.at(begin + 4).late).toBeCloseTo(0.5, 4);
    const silent = new Heard(
      { ...late.recording, samples: new Int16Array(20 * rate) },
      sources,
      timelineOf(),
    );
    expect(compare([late, silent], at)).toMatchObject({ unheard: 4, skews: [] });
  });

  test('is not compared where the room changes what it plays, or plays nothing', () => {
    const heard = listener(() => 0);
    expect(heard.at(begin + 0.5)).toBeUndefined();
    expect(heard.at(begin + 12.95)).toBeUndefined();
    expect(heard.at(begin + 13.1).trackId).toBe('b');
  });

  test('a stall of the output makes a listener late from there on, and is counted', () => {
    const stall = 6;
    const heard = [listener(() => 0), listener(() => 0, { stall })];
    const at = times(begin + 3, begin + 9, 0.5).filter((time) => Math.abs(time - begin - stall) > 0.3);
    const part = { heard, at };
    for (const { time, skew } of compare(heard, at).skews) {
      expect(skew).toBeCloseTo(time < begin + stall ? 0 : -1024 / rate, 4);
    }
    const found = figures([part], [compare(heard, at)]);
    expect(found).toMatchObject({ stalls: 1, listeners: 2 });
    // Of the 12 windows those from 0.5 s before to 3 s after the stall are left out.
    expect(found.windows).toBe(6);
    expect(found.max).toBeLessThan(0.05);
    expect(found.disturbedMax).toBeCloseTo((1000 * 1024) / rate, 1);
  });
});

describe('a transition between two tracks', () => {
  test.each([0, 144, -144])('with a gap of %d frames is found to have it', (gap) => {
    const heard = listener((trackId) => (trackId === 'b' ? gap : 0));
    const found = transition(heard, begin + 13, 12);
    expect(found.gap * rate).toBeCloseTo(gap, 0);
    expect(Math.abs(found.silent * rate - Math.max(0, gap))).toBeLessThan(8);
  });

  test('is not there where the next track is missing', () => {
    const heard = listener(() => 0);
    heard.recording.samples.fill(0, 12.8 * rate);
    expect(transition(heard, begin + 13, 12)).toMatchObject({ gap: NaN });
  });
});

describe('how a listener played', () => {
  const windows = (positionAt) =>
    Array.from({ length: 40 }, (_, i) => ({
      trackId: 'a',
      frame: 0.25 * rate * i,
      position: positionAt(0.25 * i),
    }));

  test('is told by its rate, which is corrected slowly, and its cuts', () => {
    const slow = playing(
      windows((time) => 1.0008 * time),
      rate,
    );
    expect(slow.fastest).toBeCloseTo(0.0008, 9);
    expect(slow.cuts).toBe(0);
    const cut = playing(
      windows((time) => time + (time < 5 ? 0 : 0.02)),
      rate,
    );
    expect(cut).toMatchObject({ cuts: 1 });
    expect(cut.fastest).toBeCloseTo(0, 9);
  });

  test('quantiles are values, and NaN of nothing', () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect([0.5, 0.95, 1].map((part) => quantile(values, part))).toEqual([101, 191, 200]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('the timeline', () => {
  test('a pause ends a track at its position, a stop when it happens, a seek where it takes effect', () => {
    const timeline = new Timeline();
    timeline.add({ status: 'playing', version: 1, track_id: 'a', started_at: 100, position: 0 }, 99);
    timeline.add({ status: 'paused', version: 2, track_id: 'a', started_at: null, position: 5 }, 105);
    timeline.add({ status: 'playing', version: 3, track_id: 'a', started_at: 110, position: 5 }, 114);
    timeline.add({ status: 'playing', version: 4, track_id: 'a', started_at: 80, position: 40 }, 119);
    timeline.add({ status: 'stopped', version: 5, track_id: 'a', started_at: null, position: 0 }, 130);
    timeline.add({ status: 'playing', version: 4, track_id: 'a', started_at: 0, position: 0 }, 131);
    expect(timeline.segments.map(({ begins, ends }) => [begins, ends])).toEqual([
      [100, 105],
      [115, 120],
      [120, 130],
    ]);
    expect(timeline.at(110)).toBeUndefined();
    expect(timeline.at(121).startedAt).toBe(80);
  });
});

describe('the clock of a page', () => {
  /** Pings every 0.2 s, most of which take longer in one direction. */
  function clockOf(convert, seconds) {
    const random = randomFrom(4);
    const normal = normalFrom(random);
    const clock = new PageClock();
    for (let sent = 1e6; sent < 1e6 + 1000 * seconds; sent += 200) {
      const there = 0.4 + Math.abs(normal()) * 3;
      const back = 0.4 + Math.abs(normal()) * 3;
      clock.add(sent, convert(sent + there), sent + there + back);
    }
    return clock;
  }

  test('is found to be the same as the machine if it is', () => {
    const clock = clockOf((time) => time, 60);
    expect(clock.differenceMs).toBeLessThan(0.5);
  });

  test('is converted if it is fast', () => {
    const fast = (time) => 1e6 + (time - 1e6) * 1.0001;
    const clock = clockOf(fast, 600);
    expect(clock.rate).toBeCloseTo(1e-4, 5);
    const toMachine = clock.correction();
    for (const time of [1e6, 1.3e6, 1.6e6]) expect(Math.abs(toMachine(fast(time)) - time)).toBeLessThan(0.5);
  });
});
