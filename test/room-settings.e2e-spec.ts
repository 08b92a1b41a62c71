import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Track } from '../src/contract/index.js';
import { expectProblem, expectValid } from './support/answers.js';
import { guest, type Person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { listen, type Listener } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
let ada: Person;
let bob: Person;
let roomId: string;
let hers: Listener;
let frequency = 200;
beforeAll(async () => {
  server = await startServer();
  [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
});
afterAll(() => server.close());
beforeEach(async () => {
  roomId = (await roomOf(ada, [bob])).id;
  hers = await listen(server.url, ada, roomId);
});
afterEach(() => hers.close());

const set = (settings: object, who = ada) => who.patch(`/rooms/${roomId}`, { settings });
const upload = (who: Person, seconds = 60) =>
  who.upload(roomId, wav(seconds, (frequency += 1)), `${frequency}.wav`);
const add = async (who: Person, seconds?: number): Promise<Track> => {
  const { status, body } = await upload(who, seconds);
  expect(status).toBe(201);
  return body.track;
};
const again = (who: Person, track: Track) => who.post(`/tracks/${track.id}/queue`);
const room = async () => (await stateOf(ada, roomId)).room;
const skip = () => ada.post(`/rooms/${roomId}/playback/skip`);
const skips = () => hers.ofType('track_skipped');
const ids = (tracks: readonly Track[]) => tracks.map(({ id }) => id);

describe('the settings of how a room plays', () => {
  it('are off in a new room, and change one by one, with room_state_updated', async () => {
    const defaults = {
      playback_control: 'administrator',
      upload: 'everyone',
      vote: 'everyone',
      skip_vote_share: null,
      max_tracks_per_user: null,
      fair_turns: false,
      fallback: 'off',
      repeat: 'off',
      level_loudness: true,
    };
    expect((await room()).settings).toEqual(defaults);
    const values = {
      skip_vote_share: 0.5,
      max_tracks_per_user: 500,
      fair_turns: true,
      fallback: 'history',
      repeat: 'queue',
      level_loudness: false,
    };
    for (const [name, value] of Object.entries(values)) {
      const { status, body } = await set({ [name]: value });
      expect(status).toBe(200);
      expect(body.room.settings[name]).toBe(value);
      expect((await set({ [name]: value })).body.event).toBeNull();
    }
    expect((await room()).settings).toEqual({ ...defaults, ...values });
    const cleared = (await set({ skip_vote_share: null, max_tracks_per_user: null })).body;
    expect(cleared.room.settings).toMatchObject({ skip_vote_share: null, max_tracks_per_user: null });
    await hers.until(() => hers.ofType('room_state_updated').length === 7);
    expectValid(hers.events);
  });

  it.each([
    { skip_vote_share: 0 },
    { skip_vote_share: 1.1 },
    { skip_vote_share: '0.5' },
    { max_tracks_per_user: 0 },
    { max_tracks_per_user: 501 },
    { max_tracks_per_user: 1.5 },
    { fair_turns: 1 },
    { fallback: 'silence' },
    { repeat: true },
    { level_loudness: 'yes' },
  ])('refuse %j', async (settings) => {
    expectProblem(await set(settings), 422, 'invalid_field');
  });
});

describe('max_tracks_per_user', () => {
  it('limits the queued tracks of each uploader, the administrator too, before the body is read', async () => {
    await set({ max_tracks_per_user: 1 });
    const [playing] = [await add(ada), await add(ada)];
    expectProblem(await upload(ada), 409, 'too_many_tracks');
    // Not audio: the answer comes before anything of it is looked at.
    expectProblem(await ada.upload(roomId, new Uint8Array(10), 'x.wav'), 409, 'too_many_tracks');
    await add(bob);
    expectProblem(await upload(bob), 409, 'too_many_tracks');
    await skip();
    await skip();
    // A track that is added again counts as one of its uploader's, whoever adds it.
    expect((await again(bob, playing)).status).toBe(200);
    expectProblem(await upload(ada), 409, 'too_many_tracks');
    await add(bob);
  });

  it('holds for uploads at the same time', async () => {
    await add(ada);
    await set({ max_tracks_per_user: 2 });
    const answers = await Promise.all([1, 2, 3, 4].map(() => upload(bob)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
  });
});

describe('fair_turns', () => {
  it('lets uploaders take turns, in the events too, and reorders when it changes', async () => {
    const current = await add(ada);
    const [a1, a2] = [await add(ada), await add(ada)];
    const b1 = await add(bob);
    await ada.post(`/tracks/${a2.id}/vote`);
    expect(ids((await room()).queue)).toEqual([a2, a1, b1].map(({ id }) => id));
    await set({ fair_turns: true });
    // Hers plays: he is next.
    expect(ids((await room()).queue)).toEqual([b1.id, a2.id, a1.id]);
    const b2 = await add(bob);
    expect((await hers.next('track_added', ({ data }) => data.track.id === b2.id)).data.queue_position).toBe(
      3,
    );
    await ada.post(`/tracks/${b2.id}/vote`);
    const { data } = await hers.next('track_voted', (event) => event.data.track.id === b2.id);
    expect(data.queue_position).toBe(1);
    const played = [current.id];
    for (let turn = 1; turn <= 4; turn += 1) {
      await skip();
      played.push((await room()).current_track!.id);
    }
    expect(played).toEqual([current, b2, a2, b1, a1].map(({ id }) => id));
    expectValid(hers.events);
  });
});

describe('repeat', () => {
  it('of the track starts it again without a gap when it ends by itself, and not when it is skipped', async () => {
    await set({ repeat: 'track' });
    const track = await add(ada, 1.2);
    const started = await hers.next('playback_started');
    await hers.until(() => skips().length === 2, 'two repetitions');
    let end = started.data.playback.started_at! + track.duration;
    for (const { data } of skips()) {
      expect(data).toMatchObject({
        previous_track: { id: track.id, status: 'playing' },
        track: { id: track.id, status: 'playing' },
        reason: 'ended',
        user: null,
      });
      expect(data.playback).toMatchObject({ status: 'playing', track_id: track.id });
      expect(data.playback.started_at).toBeCloseTo(end, 5);
      expect(data.timestamp).toBeLessThan(end);
      end += track.duration;
    }
    expect((await room()).history).toEqual([]);
    await skip();
    expect(await room()).toMatchObject({ current_track: null, history: [{ id: track.id }] });
    expectValid(hers.events);
  });

  it('of the queue returns an ended track to its end without votes, and without a gap', async () => {
    await set({ repeat: 'queue' });
    const first = await add(ada, 1.5);
    const second = await add(bob, 60);
    await bob.post(`/tracks/${first.id}/vote`);
    const { data } = await hers.next('track_skipped');
    expect(data).toMatchObject({
      previous_track: { id: first.id, status: 'queued', vote_score: 0 },
      track: { id: second.id },
    });
    const started = hers.ofType('playback_started')[0]!.data.playback.started_at!;
    expect(data.playback.started_at).toBeCloseTo(started + first.duration, 5);
    expect(await room()).toMatchObject({ queue: [{ id: first.id }], history: [] });
    const his = await listen(server.url, bob, roomId);
    expect(his.ofType('connection_established')[0]!.data.my_votes).toEqual([]);
    his.close();
    // A skipped one leaves the queue.
    await skip();
    expect(await room()).toMatchObject({ current_track: { id: first.id }, history: [{ id: second.id }] });
    // The only one follows itself.
    await hers.until(() => skips().length === 3);
    expect(skips()[2]!.data).toMatchObject({ previous_track: { id: first.id }, track: { id: first.id } });
  });

  it('is not done for a track of less than a second', async () => {
    await set({ repeat: 'track', fallback: 'history' });
    await add(ada, 0.5);
    expect((await hers.next('track_skipped')).data).toMatchObject({ track: null, reason: 'ended' });
  });
});

describe('fallback', () => {
  it('plays what was played longest ago when the queue is empty: after a skip, and without a gap', async () => {
    await set({ fallback: 'history' });
    const first = await add(ada, 1.5);
    const second = await add(bob, 60);
    await hers.until(() => skips().length === 1);
    await skip();
    await hers.until(() => skips().length === 3, 'the end of the first track, played again');
    const [, skipped, ended] = skips();
    expect(skipped!.data).toMatchObject({
      previous_track: { id: second.id, status: 'played' },
      track: { id: first.id },
      reason: 'skipped',
    });
    expect(ended!.data).toMatchObject({ track: { id: second.id }, reason: 'ended' });
    const end = skipped!.data.playback.started_at! + first.duration;
    expect(ended!.data.playback.started_at).toBeCloseTo(end, 5);
    expect(await room()).toMatchObject({ current_track: { id: second.id }, history: [{ id: first.id }] });
    // What is queued comes first.
    const third = await add(ada);
    await skip();
    expect((await room()).current_track!.id).toBe(third.id);
  });

  it('plays the only track of the room again, until it is removed', async () => {
    await set({ fallback: 'history' });
    const only = await add(ada);
    await skip();
    expect(await room()).toMatchObject({ current_track: { id: only.id }, history: [] });
    await ada.delete(`/tracks/${only.id}`);
    expect(await room()).toMatchObject({ current_track: null, playback: { status: 'stopped' } });
  });
});

describe('adding a played track again', () => {
  it('puts it at the end of the queue without votes', async () => {
    const [first, second] = [await add(ada), await add(ada)];
    await bob.post(`/tracks/${first.id}/vote`);
    await skip();
    const third = await add(ada);
    const { status, body } = await again(bob, first);
    expect(status).toBe(200);
    expect(body.track).toMatchObject({ id: first.id, status: 'queued', vote_score: 0, placed: false });
    const added = await hers.next('track_added', ({ event_id }) => event_id === body.event.event_id);
    expect(added.data).toMatchObject({
      track: body.track,
      uploader: { id: bob.user.id },
      queue_position: 2,
      total_tracks: 2,
    });
    expect(await room()).toMatchObject({
      current_track: { id: second.id },
      queue: [{ id: third.id }, { id: first.id }],
      history: [],
    });
    expectValid(hers.events);
  });

  it('starts it in a silent room', async () => {
    const only = await add(ada);
    await skip();
    expect((await again(ada, only)).body.track).toMatchObject({ id: only.id, status: 'playing' });
  });

  it('is refused for a track that is queued or playing, and to those who may not upload', async () => {
    const [first, second] = [await add(ada), await add(ada)];
    expectProblem(await again(ada, first), 409, 'already_queued');
    expectProblem(await again(ada, second), 409, 'already_queued');
    await skip();
    await set({ upload: 'administrator' });
    expectProblem(await again(bob, first), 403, 'not_administrator');
    const stranger = await guest(server.url);
    expectProblem(await again(stranger, first), 403, 'not_a_participant');
    expectProblem(await ada.post(`/tracks/${roomId}/queue`), 404, 'track_not_found');
  });
});
