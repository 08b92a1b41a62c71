import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { positionAt } from '../contract/index.js';
import { Problem } from '../errors/problem.js';
import {
  leadSeconds,
  pause,
  type PlaybackState,
  resume,
  seek,
  clear,
  start,
  stop,
} from './playback-machine.js';

const duration = 100;
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
      return start(state, 'track', duration, now);
    case 'pause':
      return pause(state, duration, now);
    case 'resume':
      return resume(state, duration, now);
    case 'stop':
      return stop(state);
    case 'seek':
      return seek(state, position, duration, now);
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
            expect(state.ends_at! - state.started_at!).toBeCloseTo(duration, 3);
            expect(state.ends_at).toBeGreaterThan(now);
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
  it('is kept across pause and resume, except for the lead time', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 300, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (heard, rest) => {
          const now = 1_700_000_000;
          const paused = pause(start(initial, 'track', duration, now), duration, now + heard);
          expect(paused.position).toBeCloseTo(Math.min(Math.max(0, heard - leadSeconds), duration), 4);
          const resumed = resume(paused, duration, now + heard + rest);
          expect(positionAt(resumed, now + heard + rest + leadSeconds)).toBeCloseTo(paused.position, 3);
        },
      ),
    );
  });

  it('is the requested one after a seek: when paused at once, when playing after the lead time', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: duration, noNaN: true }), (position) => {
        const now = 1_700_000_000;
        const playing = seek(start(initial, 'track', duration, now), position, duration, now + 1);
        expect(positionAt(playing, now + 1 + leadSeconds)).toBeCloseTo(position, 4);
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
});
