import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maxUploads, maxVotes } from '../src/tracks/track-limits.js';
import { type Answer, type Person, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import {
  expectLimitReached,
  expectRateLimited,
  Guests,
  inLoops,
  numbers,
  statusesOf,
} from './support/guests.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
let guests: Guests;
beforeAll(async () => {
  server = await startServer({ RATE_LIMIT: 'on', TRUST_PROXY: '1', EVENT_RETENTION: '300' });
  guests = new Guests(server);
});
afterAll(() => server.close());

describe('a guest who votes and withdraws the vote in loops', () => {
  it('does not push events out of the log; others can vote', async () => {
    const { owner, room, track } = await guests.roomWithTrack();
    const address = guests.newAddress();
    const [mallory, bob] = await guests.several(2, address);
    for (const who of [mallory!, bob!]) await who.post(`/rooms/${room.id}/join`);
    const answers: Answer[] = [];
    await inLoops(async () => {
      answers.push(await mallory!.post(`/tracks/${track.id}/vote`));
      answers.push(await mallory!.delete(`/tracks/${track.id}/vote`));
    });
    expectLimitReached(answers, maxVotes.user[0].durationSeconds);
    // A slow machine may need more than one minute for that.
    const { sequence } = await stateOf(owner, room.id);
    const { status, body } = await owner.get(`/rooms/${room.id}/events?after=0&limit=1000`);
    expect({ status, events: body.events.length }).toEqual({ status: 200, events: sequence });
    expect(sequence).toBeLessThan(250);
    // A vote that changes nothing is not refused.
    expect((await bob!.post(`/tracks/${track.id}/vote`)).status).toBe(200);
    for (const _ of numbers(100)) {
      expect((await bob!.post(`/tracks/${track.id}/vote`)).status).toBe(200);
    }
  }, 60_000);

  it('is limited together with the other guests of the address; others can vote', async () => {
    const { owner, room, track } = await guests.roomWithTrack();
    const address = guests.newAddress();
    const all = await guests.several(30, address);
    for (const who of all) await who.post(`/rooms/${room.id}/join`);
    const before = (await stateOf(owner, room.id)).sequence;
    const startedAt = performance.now();
    const answers: Answer[] = [];
    await Promise.all(
      all.map(async (who) => {
        for (const _ of numbers(maxVotes.user[0].points / 2)) {
          answers.push(await who.post(`/tracks/${track.id}/vote`));
          answers.push(await who.delete(`/tracks/${track.id}/vote`));
        }
      }),
    );
    const windows = 1 + Math.floor((performance.now() - startedAt) / 60_000);
    expect(statusesOf(answers)).toEqual([200, 429]);
    expect((await stateOf(owner, room.id)).sequence - before).toBeLessThanOrEqual(1000 * windows);
    expect((await owner.post(`/tracks/${track.id}/vote`)).status).toBe(200);
  }, 120_000);
});

it('a guest who uploads and removes tracks in loops is refused; others can upload', async () => {
  const { room } = await guests.roomWithTrack();
  const [mallory, bob] = await guests.several(2);
  for (const who of [mallory!, bob!]) await who.post(`/rooms/${room.id}/join`);
  const one = wav(0.1);
  const answers: Answer[] = [];
  await Promise.all(
    numbers(4).map(async () => {
      for (const _ of numbers(maxUploads.user[0].points / 4 + 1)) {
        const answer = await mallory!.upload(room.id, one, 'a.wav');
        answers.push(answer);
        if (answer.status === 201) await mallory!.delete(`/tracks/${answer.body.track.id}`);
      }
    }),
  );
  const refused = answers.filter(({ status }) => status !== 201);
  expect(answers.length - refused.length).toBe(maxUploads.user[0].points);
  for (const answer of refused) expectRateLimited(answer, maxUploads.user[0].durationSeconds);
  expect((await bob!.upload(room.id, one, 'b.wav')).status).toBe(201);
}, 60_000);

it('500 listeners behind one address join a room and vote twice, each without being refused', async () => {
  const { owner, room, track } = await guests.roomWithTrack();
  const { track: second } = (await owner.upload(room.id, wav(1, 300), 'second.wav')).body;
  const address = guests.newAddress();
  const listeners: Person[] = [];
  // In groups, because each request opens a connection.
  for (const _ of numbers(10)) listeners.push(...(await guests.several(50, address)));
  const answers: Answer[] = [];
  for (const group of numbers(10)) {
    await Promise.all(
      listeners.slice(group * 50, group * 50 + 50).map(async (who) => {
        answers.push(await who.post(`/rooms/${room.id}/join`));
        for (const { id } of [track, second]) answers.push(await who.post(`/tracks/${id}/vote`));
      }),
    );
  }
  expect(answers).toHaveLength(1500);
  expect(statusesOf(answers)).toEqual([200]);
  expect((await stateOf(owner, room.id)).room.participant_count).toBe(501);
}, 120_000);
