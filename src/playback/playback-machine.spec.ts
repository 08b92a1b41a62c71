import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { positionAt, roundToMicroseconds } from '../contract/index.js';
import { Problem } from '../errors/problem.js';
import {
  advanceDueAt,
  pause,
  type PlaybackState,
  resume,
  seek,
  shift,
  clear,
  start,
  stop,
} from './playback-machine.js';

const duration = 100;
/** How far ahead the commands of these tests take effect. */
const lead = 0.25;
const initial: PlaybackState = {
  status: 'stopped',
  track_id: null,
  position: 0,
  started_at: null,
  ends_at: null,
  version: 0,
};

type Step = {
  kind: 'start' | 'pause' | 'resume' | 'stop' | 'seek' | 'clear';
  after: number;
  position: number;
};
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('start', 'pause', 'resume', 'stop', 'seek', 'clear' as const),
    after: fc.double({ min: 0, max: 40, noNaN: true }),
    position: fc.double({ min: -5, max: duration + 5, noNaN: true }),
  }),
  { maxLength: 30 },
);

function apply(state: PlaybackState, { kind, position }: Step, now: number): PlaybackState {
  switch (kind) {
    case 'start':
      return start(state, 'track', duration, now + lead);
    case 'pause':
      return pause(state, duration, now);
    case 'resume':
      return resume(state, duration, now + lead);
    case 'stop':
      return stop(state);
    case 'seek':
      return seek(state, position, duration, now + lead);
    case 'clear':
      return clear(state);
  }
}

const allowed = (state: PlaybackState, { kind, position }: Step): boolean =>
  ({
    start: true,
    pause: state.status === 'playing',
    resume: state.status === 'paused',
    stop: state.status !== 'stopped',
    seek: state.status !== 'stopped' && position >= 0 && position <= duration,
    clear: true,
  })[kind];

describe('any sequence of commands', () => {
  it('produces a consistent state with the next version for each allowed command; others throw and change nothing', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        let state = initial;
        let now = 1_700_000_000;
        for (const step of sequence) {
          now += step.after;
          const before = { ...state };
          if (!allowed(state, step)) {
            expect(() => apply(state, step, now)).toThrow(Problem);
            expect(state).toEqual(before);
            continue;
          }
          state = apply(state, step, now);
          expect(before.version + 1).toBe(state.version);
          const playing = state.status === 'playing';
          expect([state.started_at !== null, state.ends_at !== null]).toEqual([playing, playing]);
          if (playing) {
            expect(state.ends_at! - state.started_at!).toBeCloseTo(duration, 6);
            expect(state.ends_at).toBeGreaterThan(now);
            expect(state.started_at! + state.position).toBeCloseTo(now + lead, 5);
            expect(state.started_at).toBe(roundToMicroseconds(state.started_at!));
          }
          if (state.track_id === null) expect(state).toMatchObject({ status: 'stopped', position: 0 });
          expect(state.position).toBeGreaterThanOrEqual(0);
          expect(state.position).toBeLessThanOrEqual(duration);
        }
      }),
    );
  });
});

describe('the position', () => {
  it('is kept across pause and resume', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 300, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (heard, rest) => {
          const now = 1_700_000_000;
          const paused = pause(start(initial, 'track', duration, now + lead), duration, now + heard);
          expect(paused.position).toBeCloseTo(Math.min(Math.max(0, heard - lead), duration), 5);
          const resumed = resume(paused, duration, now + heard + rest);
          expect(positionAt(resumed, now + heard + rest)).toBeCloseTo(paused.position, 5);
        },
      ),
    );
  });

  it('is the requested one after a seek: when paused at once, when playing at the time of the move', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: duration, noNaN: true }), (position) => {
        const now = 1_700_000_000;
        const playing = seek(start(initial, 'track', duration, now), position, duration, now + 1);
        expect(positionAt(playing, now + 1)).toBeCloseTo(position, 5);
        const paused = seek(
          pause(start(initial, 'track', duration, now), duration, now + 1),
          position,
          duration,
          now + 2,
        );
        expect(paused).toMatchObject({ status: 'paused', position });
      }),
    );
  });

  it('is 0 after a stop, and the track stays current', () => {
    const stopped = stop(start(initial, 'track', duration, 1000));
    expect(stopped).toEqual({
      status: 'stopped',
      track_id: 'track',
      position: 0,
      started_at: null,
      ends_at: null,
      version: 2,
    });
  });

  it('is at most the duration that is given', () => {
    const playing = start(initial, 'track', duration, 1000);
    expect(positionAt(playing, 1000 + duration + 5, duration)).toBe(duration);
    expect(positionAt(playing, 1000 + duration + 5)).toBe(duration + 5);
  });
});

describe('the change to the next track', () => {
  const playing = start(initial, 'track', duration, 1000);

  it('is due the lead before the end', () => {
    expect(advanceDueAt(playing, 0.25)).toBe(1099.75);
    expect(advanceDueAt(playing, 3)).toBe(1097);
    expect(advanceDueAt(pause(playing, duration, 1001), 3)).toBe(null);
  });

  it('is not due before a track that is shorter than the lead, or the rest after a seek, has begun', () => {
    expect(advanceDueAt(start(initial, 'track', 2, 1000), 3)).toBe(1000);
    expect(advanceDueAt(seek(playing, 99, duration, 1010), 3)).toBe(1010);
  });
});

it('a shift to another clock moves start and end and nothing else; it leaves alone what does not play', () => {
  const playing = seek(start(initial, 'track', duration, 1000), 12, duration, 1050);
  const shifted = shift(playing, 3600.25);
  expect(shifted).toEqual({
    ...playing,
    started_at: playing.started_at! + 3600.25,
    ends_at: playing.ends_at! + 3600.25,
    version: playing.version + 1,
  });
  const paused = pause(playing, duration, 1060);
  expect(shift(paused, 3600)).toBe(paused);
});
