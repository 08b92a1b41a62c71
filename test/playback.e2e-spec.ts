import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Envelope,
  positionAt,
  rest,
  type Room,
  roundToMicroseconds,
  type Track,
} from '../src/contract/index.js';
import { expectAnswer, expectProblem, expectValid } from './support/answers.js';
import { type Answer, guest, type Person, person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen } from './support/listener.js';
import { startServer, temporaryFolder, type TestServer } from './support/server.js';

const nowhere = '0192f0c1-0000-7000-8000-000000000000';
const long = wav(20);
const short = wav(0.3);

let server: TestServer;
let ada: Person;
let bob: Person;
let outsider: Person;
beforeAll(async () => {
  server = await startServer();
  [ada, bob, outsider] = [
    await guest(server.url, 'ada'),
    await guest(server.url, 'bob'),
    await guest(server.url, 'dan'),
  ];
});
afterAll(() => server.close());

let room: Room;
beforeEach(async () => {
  room = await roomOf(ada, [bob]);
});

const command = (name: string, body?: object, who: Person = ada): Promise<Answer> =>
  who.post(`/rooms/${room.id}/playback/${name}`, body);
const status = (who: Person = ada, of: Room = room): Promise<Answer> =>
  who.get(`/rooms/${of.id}/playback/status`);
const add = async (title: string, bytes = long): Promise<Track> =>
  (await bob.upload(room.id, bytes, `${title}.wav`)).body.track;
const log = async (who: Person = ada, of: Room = room): Promise<Envelope[]> =>
  (await who.get(`/rooms/${of.id}/events?limit=1000`)).body.events;
/** A command that has to succeed. */
async function done(name: string, body?: object, who: Person = ada): Promise<Answer['body']> {
  const answer = await command(name, body, who);
  expectAnswer(answer, 200, rest.PlaybackAnswer);
  return answer.body;
}

describe('playback', () => {
  it('of a new room is stopped, without a track', async () => {
    const answer = await status(bob);
    expectAnswer(answer, 200, rest.PlaybackStatusAnswer);
    expect(answer.body).toMatchObject({
      playback: { status: 'stopped', track_id: null, position: 0, started_at: null },
      track: null,
    });
  });

  it('applies each command, raises its event, and increases the version with each change', async () => {
    const listener = await listen(server.url, bob, room.id);
    const track = await add('one');
    await add('two');
    const answers = [
      await done('pause'),
      await done('resume'),
      await done('seek', { position: 7.5 }),
      await done('pause'),
      await done('seek', { position: 3 }),
      await done('stop'),
      await done('start'),
      await done('skip'),
    ];
    await listener.next('track_skipped');
    const events = listener.logged.filter(({ data }) => 'playback' in data);
    expect(events.map(({ type }) => type)).toEqual([
      'playback_started',
      'playback_paused',
      'playback_resumed',
      'playback_seeked',
      'playback_paused',
      'playback_seeked',
      'playback_stopped',
      'playback_started',
      'track_skipped',
    ]);
    expectValid(events);
    // The answer names the event that tells the others of it, and shows the same.
    expect(answers.map(({ event, playback }) => ({ event, playback }))).toEqual(
      events.slice(1).map(({ event_id, metadata, data }) => ({
        event: { event_id, sequence: metadata.sequence },
        playback: 'playback' in data && data.playback,
      })),
    );
    const playbacks = listener.logged.flatMap(({ data }) => ('playback' in data ? [data.playback] : []));
    const versions = playbacks.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    expect(playbacks[5]).toMatchObject({
      status: 'paused',
      track_id: track.id,
      position: 3,
      started_at: null,
    });
    expect(playbacks[6]).toMatchObject({
      status: 'stopped',
      track_id: track.id,
      position: 0,
      started_at: null,
    });
    expect(events[0]!.data).toMatchObject({ user: null, track: { id: track.id } });
    expect(events[1]!.data).toMatchObject({ user: ada.user });
    expect(events[6]!.data).toMatchObject({ user: ada.user, reason: 'stopped' });
    listener.close();
  });

  it('has the position room clock minus started_at, once started_at has passed', async () => {
    await add('one');
    const { playback } = await done('seek', { position: 7.5 });
    expect(playback.position).toBe(7.5);
    const first = (await status(bob)).body;
    expect(first.playback.started_at).toBe(playback.started_at);
    const run = first.server_time - first.playback.started_at;
    expect(first.playback.position).toBeCloseTo(Math.max(7.5, run), 5);
    await eventually(async () => (await status()).body.playback.position > 7.5, 'the position to pass 7.5 s');
    const paused = (await done('pause')).playback;
    expect(paused.position).toBeGreaterThan(7.5);
    expect(paused.position).toBeLessThan(17);
    expect((await status()).body.playback).toEqual(paused);
    const resumed = (await done('resume')).playback;
    const after = (await status()).body;
    expect(after.playback.position).toBeCloseTo(positionAt(resumed, after.server_time), 5);
    for (const time of [after.playback.position, after.playback.started_at, after.server_time]) {
      expect(time).toBe(roundToMicroseconds(time));
    }
    expect(after.playback.position).toBeGreaterThanOrEqual(paused.position);
    expect(after.playback.position).toBeLessThan(paused.position + 10);
  });

  it('starts with a started_at that is 0.1 to 1 s ahead', async () => {
    await add('one');
    const listener = await listen(server.url, bob, room.id);
    await done('stop');
    const { playback } = await done('start');
    const { data } = await listener.next('playback_started');
    expect(data.playback).toEqual(playback);
    expect(playback.position).toBe(0);
    expect(playback.started_at - data.timestamp).toBeGreaterThan(0.1);
    expect(playback.started_at - data.timestamp).toBeLessThan(1);
    listener.close();
  });

  it('starts any track of the room, also while another one plays, and one that was played', async () => {
    const one = await add('one');
    const two = await add('two');
    const three = await add('three');
    expect((await done('start', { track_id: three.id })).playback.track_id).toBe(three.id);
    let { room: state } = await stateOf(ada, room.id);
    expect(state.current_track).toMatchObject({ id: three.id, status: 'playing' });
    expect(state.queue.map(({ id }) => id)).toEqual([two.id]);
    expect((await done('start', { track_id: one.id.toUpperCase() })).playback.track_id).toBe(one.id);
    ({ room: state } = await stateOf(ada, room.id));
    expect(state.current_track).toMatchObject({ id: one.id });
    const { tracks } = (await ada.get(`/rooms/${room.id}/tracks?status=played`)).body;
    expect(tracks.map(({ id }: Track) => id)).toEqual([three.id]);
  });

  it('skips through the queue, and stops at its end', async () => {
    const one = await add('one');
    const two = await add('two');
    const listener = await listen(server.url, bob, room.id);
    expect((await done('skip')).playback).toMatchObject({ status: 'playing', track_id: two.id });
    expect((await done('skip')).playback).toMatchObject({
      status: 'stopped',
      track_id: null,
      position: 0,
      started_at: null,
    });
    await listener.until(() => listener.ofType('track_skipped').length === 2, 'both skips');
    expect(
      listener
        .ofType('track_skipped')
        .map(({ data }) => [data.previous_track.id, data.track?.id ?? null, data.user, data.reason]),
    ).toEqual([
      [one.id, two.id, ada.user, 'skipped'],
      [two.id, null, ada.user, 'skipped'],
    ]);
    expect(listener.ofType('track_skipped')[0]!.data.previous_track.status).toBe('played');
    expect((await status()).body.track).toBeNull();
    // Stopped without a track: the next upload starts by itself.
    expect((await add('three')).status).toBe('playing');
    listener.close();
  });
});

describe('a playback command', () => {
  // Each row is full: for a missing argument Jest would pass a callback.
  const all: [string, object | undefined][] = [
    ['start', {}],
    ['pause', undefined],
    ['resume', undefined],
    ['stop', undefined],
    ['seek', { position: 0 }],
    ['skip', undefined],
  ];

  it.each(all)(
    '%s is allowed to the administrator only, unless the settings allow it to everyone',
    async (name, body) => {
      await add('one');
      if (name === 'start') await done('stop');
      if (name === 'resume') await done('pause');
      const before = await log();
      expectProblem(await command(name, body, bob), 403, 'not_administrator');
      expectProblem(await command(name, body, outsider), 403, 'not_a_participant');
      expect(await log().then((events) => events.length)).toBe(before.length);
      await ada.patch(`/rooms/${room.id}`, { settings: { playback_control: 'everyone' } });
      await done(name, body, bob);
      expect((await log()).at(-1)!.data).toMatchObject({ user: bob.user });
      await ada.patch(`/rooms/${room.id}`, { settings: { playback_control: 'administrator' } });
      expectProblem(await command(name, body, bob), 403, 'not_administrator');
      expectProblem(await command(name, body, outsider), 403, 'not_a_participant');
    },
  );

  it.each(all)('%s is refused for an unknown room and a malformed id', async (name, body) => {
    expectProblem(await ada.post(`/rooms/${nowhere}/playback/${name}`, body), 404, 'room_not_found');
    expectProblem(await ada.post(`/rooms/x/playback/${name}`, body), 400, 'malformed');
  });

  it('is refused if the state does not allow it; then nothing changes and no event is raised', async () => {
    const expectRefused = async (cases: Record<string, string>) => {
      const before = await stateOf(ada, room.id);
      for (const [name, code] of Object.entries(cases)) {
        const answer = await command(name, name === 'seek' ? { position: 1 } : undefined);
        expect({ name, code: answer.body.error?.code, status: answer.status }).toEqual({
          name,
          code,
          status: 409,
        });
      }
      const after = await stateOf(ada, room.id);
      expect([after.sequence, after.room.playback.version]).toEqual([
        before.sequence,
        before.room.playback.version,
      ]);
    };
    const nothing = {
      pause: 'not_playing',
      resume: 'not_paused',
      stop: 'not_playing',
      seek: 'not_playing',
      skip: 'not_playing',
    };
    await expectRefused({ ...nothing, start: 'nothing_to_play' });
    await add('one');
    await expectRefused({ start: 'already_playing', resume: 'not_paused' });
    await done('pause');
    await expectRefused({ start: 'already_playing', pause: 'not_playing' });
    await done('stop');
    await expectRefused(nothing);
  });

  it('is refused for an unknown track, and for a position outside of the track', async () => {
    await add('one');
    const other = await roomOf(ada);
    const elsewhere = (await ada.upload(other.id, long, 'x.wav')).body.track;
    expectProblem(await command('start', { track_id: nowhere }), 404, 'track_not_found');
    expectProblem(await command('start', { track_id: elsewhere.id }), 404, 'track_not_found');
    expectProblem(await command('start', { track_id: 'x' }), 422, 'invalid_field');
    for (const position of [-1, 20.1, 1e9, '1', null, undefined, [1]]) {
      expectProblem(await command('seek', { position }), 422, 'invalid_field');
    }
    expectProblem(await command('seek', []), 400, 'malformed');
    expect((await log()).at(-1)!.type).toBe('playback_started');
  });

  it('sent several times at once is applied once', async () => {
    await add('one');
    const answers = await Promise.all([1, 2, 3].map(() => command('pause')));
    expect(answers.map(({ status: code }) => code).sort()).toEqual([200, 409, 409]);
  });
});

describe('when a track ends', () => {
  const skips = async (who: Person = ada, of: Room = room) =>
    (await log(who, of)).filter(
      (event): event is Envelope<'track_skipped'> => event.type === 'track_skipped',
    );

  it('the server starts the next one once, without any connection, and stops after the last', async () => {
    const tracks = [await add('one', short), await add('two', short), await add('three', short)];
    await eventually(async () => (await status()).body.playback.track_id === null, 'silence');
    const ended = await skips();
    expect(
      ended.map(({ data }) => [data.previous_track.id, data.track?.id ?? null, data.user, data.reason]),
    ).toEqual([
      [tracks[0]!.id, tracks[1]!.id, null, 'ended'],
      [tracks[1]!.id, tracks[2]!.id, null, 'ended'],
      [tracks[2]!.id, null, null, 'ended'],
    ]);
    const { body } = await ada.get(`/rooms/${room.id}/tracks?status=played`);
    expect(body.tracks.map(({ id }: Track) => id)).toEqual(tracks.map(({ id }) => id).reverse());
    // Each begins at the end of the previous one or, on a busy machine, after it; silence begins after the last end.
    const [second, third] = ended.map(({ data }) => data.playback.started_at!);
    for (const played of [third! - second!, ended[2]!.data.timestamp - third!]) {
      expect(played).toBeGreaterThanOrEqual(0.299);
      expect(played).toBeLessThan(5);
    }
  });

  it('listeners receive track_skipped with the reason ended', async () => {
    const listener = await listen(server.url, bob, room.id);
    await add('one', short);
    const event = await listener.next('track_skipped');
    expect(event.data).toMatchObject({
      track: null,
      user: null,
      reason: 'ended',
      playback: { status: 'stopped' },
    });
    expectValid(listener.events);
    listener.close();
  });

  it('because of a seek to its end, the next one starts; a paused track does not end', async () => {
    await add('one');
    const two = await add('two', short);
    await done('pause');
    await done('seek', { position: 20 });
    await done('resume');
    await eventually(async () => (await status()).body.playback.track_id === two.id, 'the next track');
    await done('pause');
    const other = await roomOf(ada);
    await ada.upload(other.id, short, 'other.wav');
    await ada.upload(other.id, short, 'another.wav');
    // Long enough for two others to end.
    await eventually(
      async () => (await status(ada, other)).body.playback.track_id === null,
      'silence elsewhere',
    );
    expect((await status()).body.playback).toMatchObject({ status: 'paused', track_id: two.id });
    await done('resume');
    await eventually(async () => (await status()).body.playback.track_id === null, 'silence');
    expect((await skips()).map(({ data }) => data.reason)).toEqual(['ended', 'ended']);
  });

  it('rooms advance independently of each other', async () => {
    const rooms = await Promise.all([1, 2, 3, 4, 5].map(() => roomOf(ada)));
    await Promise.all(rooms.map((one) => ada.upload(one.id, short, 'short.wav')));
    for (const one of rooms) {
      await eventually(async () => (await status(ada, one)).body.playback.track_id === null, 'silence');
      expect(await skips(ada, one)).toHaveLength(1);
    }
  });
});

describe('removing the current track', () => {
  it('starts the next one if it was playing', async () => {
    const one = await add('one');
    const two = await add('two');
    const listener = await listen(server.url, ada, room.id);
    await bob.delete(`/tracks/${one.id}`);
    const { data } = await listener.next('track_skipped');
    expect(data).toMatchObject({
      previous_track: { id: one.id },
      track: { id: two.id, status: 'playing' },
      playback: { status: 'playing', track_id: two.id },
      user: bob.user,
      reason: 'removed',
    });
    expect(listener.logged.map(({ type }) => type)).toEqual(['track_removed', 'track_skipped']);
    expect((await stateOf(ada, room.id)).room).toMatchObject({ current_track: { id: two.id }, queue: [] });
    listener.close();
  });

  it('stops playback if there is no other track, and leaves it stopped if it was', async () => {
    const one = await add('one');
    await bob.delete(`/tracks/${one.id}`);
    expect((await status()).body.playback).toMatchObject({ status: 'stopped', track_id: null });
    const two = await add('two');
    const three = await add('three');
    await done('stop');
    await bob.delete(`/tracks/${two.id}`);
    expect((await status()).body.playback).toMatchObject({ status: 'stopped', track_id: null });
    expect((await done('start')).playback).toMatchObject({ status: 'playing', track_id: three.id });
  });
});

describe('a restart of the server', () => {
  it('continues a playing track at its current position, and advances a room whose track ended meanwhile', async () => {
    const DATA_DIR = await temporaryFolder();
    let own = await startServer({ DATA_DIR });
    try {
      let ann = await guest(own.url, 'ann');
      const [playing, ending, paused] = [await roomOf(ann), await roomOf(ann), await roomOf(ann)];
      const play = (one: Room, name: string, body?: object) =>
        ann.post(`/rooms/${one.id}/playback/${name}`, body);
      await ann.upload(playing.id, long, 'long.wav');
      await play(playing, 'seek', { position: 5 });
      await ann.upload(paused.id, long, 'long.wav');
      await play(paused, 'seek', { position: 6 });
      await play(paused, 'pause');
      const first = (await ann.upload(ending.id, short, 'short.wav')).body.track;
      const second = (await ann.upload(ending.id, long, 'long.wav')).body.track;
      const before = (await status(ann, playing)).body;
      const held = (await status(ann, paused)).body;
      await own.close();

      own = await startServer({ DATA_DIR });
      ann = person(own.url, ann.token, ann.user);
      const after = (await status(ann, playing)).body;
      expect(after.playback).toMatchObject({
        status: 'playing',
        started_at: before.playback.started_at,
        version: before.playback.version,
      });
      expect(after.playback.position).toBeCloseTo(positionAt(before.playback, after.server_time), 3);
      expect((await status(ann, paused)).body.playback).toEqual(held.playback);
      await eventually(
        async () => (await status(ann, ending)).body.playback.track_id === second.id,
        'the next track',
      );
      const events = await log(ann, ending);
      expect(events.map(({ metadata }) => metadata.sequence)).toEqual(events.map((_, index) => index + 1));
      const skipped = events.filter(({ type }) => type === 'track_skipped');
      expect(skipped).toHaveLength(1);
      expect(skipped[0]!.data).toMatchObject({
        previous_track: { id: first.id },
        user: null,
        reason: 'ended',
      });
    } finally {
      await own.close();
      await rm(DATA_DIR, { recursive: true, force: true });
    }
  });
});
