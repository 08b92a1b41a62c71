import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { reactions } from '../src/contract/index.js';
import { expectProblem, expectValid } from './support/answers.js';
import { guest, type Person, request, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen, type Listener } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
let ada: Person;
let bob: Person;
let cleo: Person;
let roomId: string;
let listeners: Listener[] = [];
beforeAll(async () => {
  server = await startServer({ RATE_LIMIT: 'on' });
  [ada, bob, cleo] = [
    await guest(server.url, 'ada'),
    await guest(server.url, 'bob'),
    await guest(server.url, 'cleo'),
  ];
});
afterAll(() => server.close());
beforeEach(async () => {
  roomId = (await roomOf(ada, [bob, cleo])).id;
  listeners = [];
  for (const who of [ada, bob, cleo]) listeners.push(await listen(server.url, who, roomId));
});
afterEach(() => listeners.forEach((listener) => listener.close()));

const add = async (frequency: number) =>
  (await ada.upload(roomId, wav(60, frequency), `${frequency}.wav`)).body.track;
const voters = async () => (await stateOf(ada, roomId)).room.skip_voters;
const share = (skip_vote_share: number | null) =>
  ada.patch(`/rooms/${roomId}`, { settings: { skip_vote_share } });

describe('skip_vote', () => {
  it('skips the track once the share of the users online has voted, in the same change', async () => {
    const [hers, his, cleos] = listeners as [Listener, Listener, Listener];
    const [first, second] = [await add(300), await add(400)];
    await share(0.5);
    const one = await his.ask('skip_vote', {});
    expect(one).toEqual({ ok: true, votes: 1, needed: 2, event: expect.anything() });
    const voted = await hers.next('skip_voted');
    expect(voted).toMatchObject({
      event_id: one.event.event_id,
      data: { track_id: first.id, user: bob.user, votes: 1, needed: 2 },
    });
    expect(await voters()).toEqual([bob.user.id]);
    expect(await his.ask('skip_vote', {})).toEqual({ ok: true, votes: 1, needed: 2, event: null });
    const two = await cleos.ask('skip_vote', {});
    const skipped = await hers.next('track_skipped');
    expect(two).toMatchObject({ votes: 2, needed: 2, event: { event_id: skipped.event_id } });
    expect(skipped.data).toMatchObject({
      previous_track: { id: first.id },
      track: { id: second.id },
      user: null,
      reason: 'skipped',
    });
    expect(skipped.metadata.sequence).toBe(hers.ofType('skip_voted')[1]!.metadata.sequence! + 1);
    expect(await voters()).toEqual([]);
    expectValid(hers.events);
  });

  it('does not count the vote of a user who has left, and forgets votes with the track', async () => {
    const [, his] = listeners as [Listener, Listener];
    await add(301);
    await add(401);
    await share(1);
    await his.ask('skip_vote', {});
    await bob.delete(`/rooms/${roomId}/leave`);
    expect(await voters()).toEqual([]);
    await listeners[2]!.ask('skip_vote', {});
    await ada.post(`/rooms/${roomId}/playback/skip`);
    expect(await voters()).toEqual([]);
  });

  it('is refused where the settings do not allow it, and where nothing plays', async () => {
    const [, his] = listeners as [Listener, Listener];
    const code = async () => (await his.ask('skip_vote', {})).error.code;
    expect(await code()).toBe('forbidden');
    await share(0.1);
    expect(await code()).toBe('not_playing');
    await add(302);
    await ada.post(`/rooms/${roomId}/playback/stop`);
    expect(await code()).toBe('not_playing');
    await share(null);
    expect(await code()).toBe('forbidden');
  });

  it('is limited, since each is a transaction', async () => {
    await add(303);
    await share(1);
    const answers = await Promise.all(Array.from({ length: 40 }, () => listeners[1]!.ask('skip_vote', {})));
    const refused = answers.filter(({ ok }) => !ok);
    expect(refused).toHaveLength(10);
    expect(refused[0].error.code).toBe('rate_limited');
  });
});

describe('react', () => {
  it('sends the reaction to everyone, without a place in the log', async () => {
    const [hers, his] = listeners as [Listener, Listener];
    const { sequence } = await stateOf(ada, roomId);
    for (const [index, reaction] of reactions.entries()) {
      const answer = await listeners[index % 3]!.ask('react', { reaction });
      expect(answer).toEqual({ ok: true });
    }
    await hers.until(() => hers.ofType('reaction_sent').length === reactions.length);
    expect(hers.ofType('reaction_sent').map(({ data }) => data.reaction)).toEqual([...reactions]);
    expect(hers.ofType('reaction_sent')[1]!.data.user).toEqual(bob.user);
    expect((await stateOf(ada, roomId)).sequence).toBe(sequence);
    await his.until(() => his.ofType('reaction_sent').length === reactions.length);
    expectValid(hers.events);
  });

  it.each([{}, { reaction: '🐙' }, { reaction: '❤' }, { reaction: ['🔥'] }])(
    'refuses %j',
    async (payload) => {
      expect(await listeners[0]!.ask('react', payload)).toMatchObject({
        ok: false,
        error: { code: 'invalid_field' },
      });
    },
  );

  it('is limited to 5 a second for each connection', async () => {
    const [hers, his] = listeners as [Listener, Listener];
    const react = (listener: Listener) => listener.ask('react', { reaction: '🔥' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => react(his)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(5);
    expect(answers.find(({ ok }) => !ok).error.code).toBe('rate_limited');
    expect(await react(hers)).toEqual({ ok: true });
    await eventually(async () => (await react(his)).ok, 'the next second');
  });
});

describe('previews, without a token', () => {
  const get = (path: string) => request(server.url, 'GET', path);

  it('show a public room', async () => {
    const track = await add(304);
    expect(await get(`/rooms/${roomId}/preview`)).toMatchObject({
      status: 200,
      body: {
        room: {
          id: roomId,
          name: 'Room',
          visibility: 'public',
          participant_count: 3,
          online_count: 3,
          listeners: ['ada', 'bob', 'cleo'],
          current_track: { title: track.title, artist: null },
        },
      },
    });
    const empty = await roomOf(ada);
    expect((await get(`/rooms/${empty.id}/preview`)).body.room).toMatchObject({
      listeners: [],
      current_track: null,
    });
  });

  it('answer the same for a private room and one that does not exist', async () => {
    const hidden = await roomOf(ada, [], { visibility: 'private' });
    const answers = [await get(`/rooms/${hidden.id}/preview`), await get(`/rooms/${ada.user.id}/preview`)];
    for (const answer of answers) expectProblem(answer, 404, 'room_not_found');
    expect(answers[0]!.body).toEqual(answers[1]!.body);
    expectProblem(await get('/rooms/none/preview'), 400, 'malformed');
  });

  it('show a private room to whoever has an active invite', async () => {
    const hidden = await roomOf(ada, [], { visibility: 'private' });
    const invite = async (options: object) =>
      (await ada.post(`/rooms/${hidden.id}/invites`, options)).body.invite as string;
    const [once, often] = [await invite({ max_uses: 1 }), await invite({})];
    expect((await get(`/invites/${often}`)).body).toEqual({
      room: expect.objectContaining({ id: hidden.id, visibility: 'private', participant_count: 1 }),
      expires_at: expect.any(Number),
      uses_left: null,
    });
    // Looking does not use it up.
    for (const _ of [1, 2]) expect((await get(`/invites/${once}`)).body.uses_left).toBe(1);
    await bob.post(`/rooms/${hidden.id}/join`, { invite: once });
    await ada.delete(`/rooms/${hidden.id}/invites/${often}`);
    const wrong = [once, often, 'x'.repeat(22), 'short', '%00'];
    for (const code of wrong) expectProblem(await get(`/invites/${code}`), 404, 'invite_not_found');
  });
});
