import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { rest, type Room, type Track } from '../src/contract/index.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { guest, type Person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { listen } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

const unknownId = '0192f0c1-0000-7000-8000-000000000000';
const song = wav(20);

let server: TestServer;
let ada: Person;
let bob: Person;
let cyd: Person;
let outsider: Person;
beforeAll(async () => {
  server = await startServer();
  [ada, bob, cyd, outsider] = [
    await guest(server.url, 'ada'),
    await guest(server.url, 'bob'),
    await guest(server.url, 'cyd'),
    await guest(server.url, 'dan'),
  ];
});
afterAll(() => server.close());

let room: Room;
/** The first track starts at once, so it is not part of the queue. */
let current: Track;
beforeEach(async () => {
  room = await roomOf(ada, [bob, cyd]);
  current = await add('current');
});

async function add(title: string, by: Person = bob): Promise<Track> {
  const answer = await by.upload(room.id, song, `${title}.wav`);
  expectAnswer(answer, 201, rest.TrackAnswer);
  return answer.body.track;
}
async function addAll<const T extends string>(titles: readonly T[]): Promise<Record<T, Track>> {
  const tracks = {} as Record<T, Track>;
  for (const title of titles) tracks[title] = await add(title);
  return tracks;
}
const queue = async (): Promise<string[]> =>
  (await stateOf(ada, room.id)).room.queue.map(({ title }) => title);
const place = (track: Track, queue_position: number) =>
  ada.put(`/rooms/${room.id}/queue`, { track_id: track.id, queue_position });
const sequence = async (): Promise<number> => (await stateOf(ada, room.id)).sequence;

describe('uploading', () => {
  it('starts the first track of a room, and queues the next ones', async () => {
    const listener = await listen(server.url, cyd, room.id);
    expect(current.status).toBe('playing');
    const first = await add('first');
    const second = await add('second', ada);
    expect([first.status, second.status]).toEqual(['queued', 'queued']);
    await listener.next('track_added', ({ data }) => data.track.id === second.id);
    expect(
      listener
        .ofType('track_added')
        .map(({ data }) => [data.track, data.uploader, data.queue_position, data.total_tracks]),
    ).toEqual([
      [first, bob.user, 1, 1],
      [second, ada.user, 2, 2],
    ]);
    expect(listener.ofType('playback_started')).toEqual([]);
    listener.close();
  });

  it('is refused for non-participants, for unknown rooms, and for participants when only the administrator may', async () => {
    await ada.patch(`/rooms/${room.id}`, { settings: { upload: 'administrator' } });
    const before = await sequence();
    expectProblem(await outsider.upload(room.id, song, 'song.wav'), 403, 'not_a_participant');
    expectProblem(await bob.upload(unknownId, song, 'song.wav'), 404, 'room_not_found');
    expectProblem(await bob.upload('x', song, 'song.wav'), 400, 'malformed');
    expectProblem(await bob.upload(room.id, song, 'song.wav'), 403, 'not_administrator');
    expect(await sequence()).toBe(before);
    await add('by the administrator', ada);
  });

  it('by several users at once gives each track a position, and all listeners the same order', async () => {
    const listener = await listen(server.url, ada, room.id);
    await Promise.all([1, 2, 3, 4, 5].map((i) => add(`song ${i}`, i % 2 ? bob : cyd)));
    await listener.until(() => listener.ofType('track_added').length === 5, 'five tracks');
    const added = listener.ofType('track_added');
    expect(added.map(({ data }) => data.queue_position)).toEqual([1, 2, 3, 4, 5]);
    expect(added.map(({ data }) => data.track.title)).toEqual(await queue());
    listener.close();
  });
});

describe('the list of tracks', () => {
  it('has the current track first, then the queue in order, in pages', async () => {
    const { b } = await addAll(['a', 'b', 'c']);
    await cyd.post(`/tracks/${b.id}/vote`);
    const whole = await bob.get(`/rooms/${room.id}/tracks`);
    expectAnswer(whole, 200, rest.TrackList);
    const titles = (tracks: Track[]) => tracks.map(({ title }) => title);
    expect(titles(whole.body.tracks)).toEqual(['current', 'b', 'a', 'c']);
    expect(whole.body).toMatchObject({ total: 4, more: false, next: null });
    const page = await bob.get(`/rooms/${room.id}/tracks?limit=2&offset=1`);
    expect(titles(page.body.tracks)).toEqual(['b', 'a']);
    expect(page.body).toMatchObject({ total: 4, more: true, next: 3 });
    expect((await bob.get(`/rooms/${room.id}/tracks?offset=9`)).body).toEqual({
      tracks: [],
      total: 4,
      more: false,
      next: null,
    });
  });

  it('has the played tracks with status=played, newest first', async () => {
    await addAll(['a', 'b']);
    await ada.post(`/rooms/${room.id}/playback/skip`);
    await ada.post(`/rooms/${room.id}/playback/skip`);
    const { body } = await bob.get(`/rooms/${room.id}/tracks?status=played`);
    expect(body.tracks.map(({ title, status }: Track) => [title, status])).toEqual([
      ['a', 'played'],
      ['current', 'played'],
    ]);
    expect(body.total).toBe(2);
    expect((await bob.get(`/rooms/${room.id}/tracks?status=played&limit=1`)).body).toMatchObject({
      more: true,
      next: 1,
    });
  });

  it('refuses invalid query parameters with 422', async () => {
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'status=queued']) {
      expectProblem(await bob.get(`/rooms/${room.id}/tracks?${query}`), 422, 'invalid_field');
    }
  });
});

describe('voting', () => {
  it('moves a track up, and raises an event with score, voter and position', async () => {
    const { a, b } = await addAll(['a', 'b']);
    const listener = await listen(server.url, ada, room.id);
    const answer = await cyd.post(`/tracks/${b.id}/vote`);
    expectAnswer(answer, 200, rest.TrackAnswer);
    expect(answer.body.track).toEqual({ ...b, vote_score: 1 });
    expect(await queue()).toEqual(['b', 'a']);
    const voted = await listener.next('track_voted');
    expect(voted.data).toMatchObject({ track: answer.body.track, voter: cyd.user, queue_position: 1 });

    await bob.post(`/tracks/${a.id}/vote`);
    expect(await queue()).toEqual(['a', 'b']);
    const back = await cyd.delete(`/tracks/${b.id}/vote`);
    expectAnswer(back, 200, rest.TrackAnswer);
    expect(back.body.track.vote_score).toBe(0);
    const unvoted = await listener.next('track_unvoted');
    expect(unvoted.data).toMatchObject({ track: back.body.track, voter: cyd.user, queue_position: 2 });
    listener.close();
  });

  it('counts once per user, and raises no event when it changes nothing', async () => {
    const { a } = await addAll(['a']);
    const before = await sequence();
    const answers = await Promise.all([1, 2, 3].map(() => bob.post(`/tracks/${a.id}/vote`)));
    expect(answers.map(({ status, body }) => [status, body.track.vote_score])).toEqual([
      [200, 1],
      [200, 1],
      [200, 1],
    ]);
    await Promise.all([ada, cyd].map((who) => who.post(`/tracks/${a.id}/vote`)));
    expect((await stateOf(ada, room.id)).room.queue[0]!.vote_score).toBe(3);
    await bob.delete(`/tracks/${a.id}/vote`);
    expect((await bob.delete(`/tracks/${a.id}/vote`)).body.track.vote_score).toBe(2);
    expect(await sequence()).toBe(before + 4);
  });

  it('for the current track raises an event without a queue position', async () => {
    const listener = await listen(server.url, ada, room.id);
    await bob.post(`/tracks/${current.id}/vote`);
    expect((await listener.next('track_voted')).data.queue_position).toBeNull();
    listener.close();
  });

  it('is refused for non-participants, for unknown tracks, and for participants when only the administrator may', async () => {
    const path = `/tracks/${current.id}/vote`;
    expectProblem(await outsider.post(path), 403, 'not_a_participant');
    expectProblem(await outsider.delete(path), 403, 'not_a_participant');
    expectProblem(await bob.post(`/tracks/${unknownId}/vote`), 404, 'track_not_found');
    expectProblem(await bob.delete(`/tracks/${unknownId}/vote`), 404, 'track_not_found');
    expectProblem(await bob.post('/tracks/x/vote'), 400, 'malformed');
    await ada.patch(`/rooms/${room.id}`, { settings: { vote: 'administrator' } });
    expectProblem(await bob.post(path), 403, 'not_administrator');
    expectProblem(await bob.delete(path), 403, 'not_administrator');
    expect((await ada.post(path)).body.track.vote_score).toBe(1);
  });
});

describe('placing a track', () => {
  it('moves a track to a position that votes for other tracks do not change', async () => {
    const { b, c, d } = await addAll(['a', 'b', 'c', 'd']);
    const listener = await listen(server.url, bob, room.id);
    const answer = await place(d, 1);
    expectAnswer(answer, 200, rest.QueueAnswer);
    const reordered = await listener.next('queue_reordered');
    expect(answer.body).toEqual({
      track: { ...d, placed: true },
      queue_position: 1,
      event: { event_id: reordered.event_id, sequence: reordered.metadata.sequence },
    });
    expect(reordered.data).toMatchObject({
      track_id: d.id,
      queue_position: 1,
      user: ada.user,
    });
    expect(await queue()).toEqual(['d', 'a', 'b', 'c']);
    for (const who of [ada, bob]) await who.post(`/tracks/${c.id}/vote`);
    await cyd.post(`/tracks/${b.id}/vote`);
    expect(await queue()).toEqual(['d', 'c', 'b', 'a']);
    listener.close();
  });

  it('beyond the end puts the track at the current end of the queue', async () => {
    const { a, b } = await addAll(['a', 'b', 'c']);
    expect((await place(a, 99)).body.queue_position).toBe(3);
    expect(await queue()).toEqual(['b', 'c', 'a']);
    await add('d');
    expect(await queue()).toEqual(['b', 'c', 'a', 'd']);
    await place(b, 3);
    expect(await queue()).toEqual(['c', 'a', 'b', 'd']);
  });

  it('moves up by one when a track before it is played or removed', async () => {
    const { b, d } = await addAll(['a', 'b', 'c', 'd', 'e']);
    await place(d, 3);
    expect(await queue()).toEqual(['a', 'b', 'd', 'c', 'e']);
    await ada.post(`/rooms/${room.id}/playback/skip`);
    expect(await queue()).toEqual(['b', 'd', 'c', 'e']);
    await ada.delete(`/tracks/${b.id}`);
    expect(await queue()).toEqual(['d', 'c', 'e']);
    await ada.post(`/rooms/${room.id}/playback/skip`);
    expect(await queue()).toEqual(['c', 'e']);
  });

  it('ends when the track starts: the current track is not placed', async () => {
    const { a } = await addAll(['a']);
    await place(a, 1);
    await ada.post(`/rooms/${room.id}/playback/skip`);
    expect((await stateOf(ada, room.id)).room.current_track).toMatchObject({
      id: a.id,
      placed: false,
      status: 'playing',
    });
  });

  it('is refused for others than the administrator, for tracks that are not queued in the room, and for invalid positions', async () => {
    const { a } = await addAll(['a']);
    const path = `/rooms/${room.id}/queue`;
    const other = await roomOf(ada);
    const elsewhere = (await ada.upload(other.id, song, 'x.wav')).body.track;
    const before = await sequence();
    expectProblem(await bob.put(path, { track_id: a.id, queue_position: 1 }), 403, 'not_administrator');
    expectProblem(await outsider.put(path, { track_id: a.id, queue_position: 1 }), 403, 'not_a_participant');
    expectProblem(await place(current, 1), 409, 'not_queued');
    expectProblem(await ada.put(path, { track_id: unknownId, queue_position: 1 }), 404, 'track_not_found');
    expectProblem(await place(elsewhere, 1), 404, 'track_not_found');
    for (const queue_position of [0, -1, 1.5, '1', null, undefined, 1e9]) {
      expectProblem(await ada.put(path, { track_id: a.id, queue_position }), 422, 'invalid_field');
    }
    expectProblem(await ada.put(path, { track_id: 'x', queue_position: 1 }), 422, 'invalid_field');
    expectProblem(await ada.put(path), 422, 'invalid_field');
    expect(await sequence()).toBe(before);
  });
});

describe('removing a track', () => {
  it('is allowed for its uploader and the administrator, and raises an event with the user and their role', async () => {
    const { a, b } = await addAll(['a', 'b', 'c']);
    const listener = await listen(server.url, cyd, room.id);
    expectProblem(await cyd.delete(`/tracks/${a.id}`), 403, 'forbidden');
    expectProblem(await outsider.delete(`/tracks/${a.id}`), 403, 'not_a_participant');
    const answer = await bob.delete(`/tracks/${a.id}`);
    expectAnswer(answer, 200, rest.TrackAnswer);
    expect(answer.body.track).toEqual(a);
    await ada.delete(`/tracks/${b.id}`);
    await listener.next('track_removed', ({ data }) => data.track.id === b.id);
    expect(
      listener.ofType('track_removed').map(({ data }) => [data.track.id, data.removed_by, data.reason]),
    ).toEqual([
      [a.id, bob.user, 'uploader'],
      [b.id, ada.user, 'administrator'],
    ]);
    expect(await queue()).toEqual(['c']);
    for (const gone of [
      await bob.delete(`/tracks/${a.id}`),
      await bob.post(`/tracks/${a.id}/vote`),
      await bob.get(`/tracks/${a.id}/metadata`),
      await bob.get(`/tracks/${a.id}/stream`),
    ]) {
      expectProblem(gone, 404, 'track_not_found');
    }
    listener.close();
  });

  it('by two users at once raises one event', async () => {
    const { a } = await addAll(['a']);
    const before = await sequence();
    const answers = await Promise.all([ada, bob].map((who) => who.delete(`/tracks/${a.id}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect(await sequence()).toBe(before + 1);
  });

  it('works for a played track, and for a track whose uploader has left the room', async () => {
    const { a } = await addAll(['a']);
    await ada.post(`/rooms/${room.id}/playback/skip`);
    expect((await bob.delete(`/tracks/${current.id}`)).status).toBe(200);
    await bob.delete(`/rooms/${room.id}/leave`);
    expectProblem(await bob.delete(`/tracks/${a.id}`), 403, 'not_a_participant');
    expect((await ada.delete(`/tracks/${a.id}`)).body.track.uploader).toEqual({
      id: bob.user.id,
      username: 'bob',
    });
  });
});
