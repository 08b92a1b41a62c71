import { beforeEach, describe, expect, it } from '@jest/globals';
import * as expected from '../src/state/expected-changes.js';
import { type Change, OptimisticState } from '../src/state/optimistic-state.js';
import { type RoomView, viewOf } from '../src/state/room-view.js';
import type { RoomcastEvent } from '../src/wire.js';
import { RoomModel, userId } from './simulation/room-model.js';

const me = userId(0);
let model: RoomModel;
let state: OptimisticState;
let first: string;
let second: string;
let sequence: number;

/** Carries out a change on the server, and returns its events. */
function change(work: () => void): RoomcastEvent[] {
  return model.change(work).map(({ type, data }) => {
    sequence += 1;
    return {
      event_id: `${sequence}`,
      type,
      data: { timestamp: 1, ...data },
      metadata: { sequence },
    } as never;
  });
}

const view = (): RoomView => viewOf(model.state(), model.votesOf(me), undefined);
const titles = () => state.shown.current.queue.map(({ id }) => id);

beforeEach(() => {
  model = new RoomModel(3);
  sequence = 0;
  const ids: string[] = [];
  change(() => {
    for (let now = 1; now <= 3; now += 1) ids.push(model.add(userId(1), now));
  });
  // The first one plays.
  [, first, second] = ids as [string, string, string];
  state = new OptimisticState({ userId: me }, view(), sequence);
});

describe('a change that is expected', () => {
  it('is shown at once, and the confirmed state does not have it', () => {
    const before = state.folded.current;
    state.expect(expected.vote(second, true));
    expect(titles()).toEqual([second, first]);
    expect(state.shown.current.my_votes).toEqual([second]);
    expect(state.folded.current).toBe(before);
  });

  it('stays until its event is folded, and does not count twice meanwhile', () => {
    const pending = state.expect(expected.vote(second, true));
    const events = change(() => model.vote(me, second, true));
    pending.settle(sequence);
    expect(titles()).toEqual([second, first]);
    events.forEach((event) => state.apply(event));
    expect(state.shown.current).toBe(state.folded.current);
    expect(state.shown.current.queue[0]!.vote_score).toBe(1);
  });

  it('goes with the answer where the event was faster', () => {
    const pending = state.expect(expected.vote(second, true));
    change(() => model.vote(me, second, true)).forEach((event) => state.apply(event));
    expect(state.shown.current.queue[0]!.vote_score).toBe(1);
    pending.settle(sequence);
    expect(state.shown.current).toBe(state.folded.current);
  });

  it('goes with the answer where it changed nothing', () => {
    const pending = state.expect(expected.move(first, 2));
    pending.settle(null);
    expect(state.shown.current).toBe(state.folded.current);
  });

  it('is undone when it is refused, and others stay', () => {
    const refused = state.expect(expected.vote(second, true));
    state.expect(expected.roomUpdate({ name: 'Other' }));
    refused.rollBack();
    expect(titles()).toEqual([first, second]);
    expect(state.shown.current.name).toBe('Other');
  });

  it('is applied to what others have changed meanwhile', () => {
    state.expect(expected.vote(second, true));
    change(() => model.vote(userId(1), first, true)).forEach((event) => state.apply(event));
    change(() => model.vote(userId(2), first, true)).forEach((event) => state.apply(event));
    expect(titles()).toEqual([first, second]);
    change(() => model.remove(userId(1), second, 5)).forEach((event) => state.apply(event));
    expect(titles()).toEqual([first]);
  });

  it('stays over a reset until it is answered', () => {
    const pending = state.expect(expected.vote(second, true));
    sequence += 10;
    state.replace(view(), sequence, true);
    expect(titles()).toEqual([second, first]);
    pending.settle(sequence - 1);
    expect(titles()).toEqual([first, second]);
  });

  it('ends with its answer after a reset that belongs to another epoch, whatever sequence that names', () => {
    const pending = state.expect(expected.vote(second, true));
    state.replace(view(), 1, false);
    expect(titles()).toEqual([second, first]);
    // It was carried out before the log was restored.
    pending.settle(1_000);
    expect(titles()).toEqual([first, second]);
  });

  it('ends with a reset that contains it, or that belongs to another epoch', () => {
    for (const isContinued of [true, false]) {
      const pending = state.expect(expected.vote(second, true));
      const until = state.sequence + 5;
      pending.settle(until);
      expect(titles()).toEqual([second, first]);
      state.replace(view(), isContinued ? until : 1, isContinued);
      expect(titles()).toEqual([first, second]);
    }
  });
});

describe('what commands are expected to do is what they do', () => {
  const now = 50;
  const cases: [string, () => void, () => Change][] = [
    ['vote', () => model.vote(me, second, true), () => expected.vote(second, true)],
    ['move', () => model.place(me, second, 1), () => expected.move(second, 1)],
    ['remove', () => model.remove(me, first, now), () => expected.removal(first)],
    ['pause', () => model.pause(me, now), () => expected.playback.pause(now)],
    ['stop', () => model.stop(me), () => expected.playback.stop()],
    [
      'skip',
      () => model.skip(me, now),
      () => expected.playback.skip(state.shown.current.current_track?.id, now),
    ],
    ['play', () => model.play(me, second, now), () => expected.playback.start(second, now)],
    ['kick', () => model.kick(me, userId(1), false), () => expected.departure(userId(1))],
    ['update', () => model.update(me, 'Other'), () => expected.roomUpdate({ name: 'Other' })],
  ];
  it.each(cases)('%s', (_name, onServer, changeOf) => {
    const pending = state.expect(changeOf());
    const shown = state.shown.current;
    change(onServer).forEach((event) => state.apply(event));
    pending.rollBack();
    const folded = state.folded.current;
    // Only the server counts versions.
    const comparable = (one: RoomView) => ({ ...one, playback: { ...one.playback, version: 0 } });
    expect(comparable(shown)).toEqual(comparable(folded));
  });

  it('pause, then resume and seek', () => {
    state.expect(expected.playback.pause(20.25));
    expect(state.shown.current.playback).toMatchObject({ status: 'paused', started_at: null });
    state.expect(expected.playback.resume(30));
    state.expect(expected.playback.seek(40, 31));
    const { playback } = state.shown.current;
    expect(playback).toMatchObject({ status: 'playing', position: 40 });
    expect(expected.positionAt(playback, 32.25)).toBeCloseTo(41);
  });
});
