import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { positionAt } from '../contract/index.js';
import { Problem } from '../errors/problem.js';
import { lead, pause, type PlaybackState, resume, seek, silence, start, stop } from './playback-machine.js';

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
  kind: 'start' | 'pause' | 'resume' | 'stop' | 'seek' | 'silence';
  after: number;
  position: number;
};
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('start', 'pause', 'resume', 'stop', 'seek', 'silence' as const),
    after: fc.double({ min: 0, max: 40, noNaN: true }),
    position: fc.double({ min: -5, max: duration + 5, noNaN: true }),
  }),
  { maxLength: 30 },
);

function take(state: PlaybackState, { kind, position }: Step, now: number): PlaybackState {
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
    case 'silence':
      return silence(state);
  }
}

const allowed = (state: PlaybackState, { kind, position }: Step): boolean =>
  ({
    start: true,
    pause: state.status === 'playing',
    resume: state.status === 'paused',
    stop: state.status !== 'stopped',
    seek: state.status !== 'stopped' && position >= 0 && position <= duration,
    silence: true,
  })[kind];

describe('whatever commands come in whatever order', () => {
  it('each that the state allows makes a later version of a state that holds together; others change nothing', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        let state = initial;
        let now = 1_700_000_000;
        for (const step of sequence) {
          now += step.after;
          const before = { ...state };
          if (!allowed(state, step)) {
            expect(() => take(state, step, now)).toThrow(Problem);
            expect(state).toEqual(before);
            continue;
          }
          state = take(state, step, now);
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

describe('a position', () => {
  it('is kept by pausing and resuming, but for the moment that a beginning lies ahead', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 300, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (heard, rest) => {
          const now = 1_700_000_000;
          const held = pause(start(initial, 'track', duration, now), duration, now + heard);
          expect(held.position).toBeCloseTo(Math.min(Math.max(0, heard - lead), duration), 4);
          const resumed = resume(held, duration, now + heard + rest);
          expect(positionAt(resumed, now + heard + rest + lead)).toBeCloseTo(held.position, 3);
        },
      ),
    );
  });

  it('that was sought is reached once the beginning is due, playing or paused', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: duration, noNaN: true }), (position) => {
        const now = 1_700_000_000;
        const playing = seek(start(initial, 'track', duration, now), position, duration, now + 1);
        expect(positionAt(playing, now + 1 + lead)).toBeCloseTo(position, 4);
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

  it('is the beginning after a stop, with the track still current', () => {
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
