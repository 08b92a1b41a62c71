import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Room, Track } from '../src/contract/index.js';
import { maxCreations, maxJoins, maxUpdates } from '../src/rooms/room-limits.js';
import { maxUserVotes } from '../src/tracks/vote-limits.js';
import { expectProblem } from './support/answers.js';
import { type Answer, person, type Person, request, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { startServer, type TestServer } from './support/server.js';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const statusesOf = (answers: readonly Answer[]): number[] =>
  [...new Set(answers.map(({ status }) => status))].sort();

/** @param longestSeconds the window of the limit */
function expectRefused(answer: Answer, longestSeconds: number): void {
  expectProblem(answer, 429, 'rate_limited');
  const seconds = Number(answer.headers.get('retry-after'));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(longestSeconds);
}

describe('with limits on', () => {
  let server: TestServer;
  beforeAll(async () => {
    // The address of a request is the one that it names.
    server = await startServer({ RATE_LIMIT: 'on', TRUST_PROXY: '1', EVENT_RETENTION: '300' });
  });
  afterAll(() => server.close());

  let lastAddress = 0;
  const newAddress = () => `192.0.2.${++lastAddress}`;
  const at = (address: string, { token, user }: Person): Person =>
    person(server.url, token, user, { 'x-forwarded-for': address });
  const guestAt = async (address: string): Promise<Person> => {
    const headers = { 'x-forwarded-for': address, 'content-type': 'application/json' };
    const body = JSON.stringify({ username: 'guest' });
    const answer = await request(server.url, 'POST', '/auth/guest', { headers, body });
    expect(answer.status).toBe(201);
    return person(server.url, answer.body.token, answer.body.user, { 'x-forwarded-for': address });
  };
  const guestsAt = (address: string, count: number): Promise<Person[]> =>
    Promise.all(numbers(count).map(() => guestAt(address)));

  async function roomWithTrack(): Promise<{ owner: Person; room: Room; track: Track }> {
    const owner = await guestAt(newAddress());
    const room = await roomOf(owner);
    await owner.upload(room.id, wav(600), 'playing.wav');
    return { owner, room, track: (await owner.upload(room.id, wav(1), 'queued.wav')).body.track };
  }
  const firstEvents = (who: Person, { id }: Room) => who.get(`/rooms/${id}/events?after=0`);

  describe('creating rooms', () => {
    it('is limited for a user, also if each room is deleted; others behind the address can', async () => {
      const address = newAddress();
      const [ada, bob] = await guestsAt(address, 2);
      for (const _ of numbers(maxCreations.user.points)) {
        const { status, body } = await ada!.post('/rooms', { name: 'Room' });
        expect(status).toBe(201);
        await ada!.delete(`/rooms/${body.room.id}`);
      }
      expectRefused(await ada!.post('/rooms', { name: 'Room' }), maxCreations.user.durationSeconds);
      expect((await bob!.post('/rooms', { name: 'Room' })).status).toBe(201);
    });

    it('is limited for the guests of an address together; others can', async () => {
      const address = newAddress();
      const guests = await guestsAt(address, 1 + maxCreations.address.points / maxCreations.user.points);
      const made: Answer[] = [];
      for (const who of guests) {
        for (const _ of numbers(maxCreations.user.points)) made.push(await who.post('/rooms', { name: 'R' }));
      }
      expect(made.filter(({ status }) => status === 201)).toHaveLength(maxCreations.address.points);
      expectRefused(made.at(-1)!, maxCreations.address.durationSeconds);
      const elsewhere = await guestAt(newAddress());
      expect((await elsewhere.post('/rooms', { name: 'Room' })).status).toBe(201);
    });

    it('counts a command that is repeated with its key once', async () => {
      const address = newAddress();
      const { token, user } = await guestAt(address);
      const create = (key: string) =>
        person(server.url, token, user, { 'x-forwarded-for': address, 'idempotency-key': key }).post(
          '/rooms',
          { name: 'Room' },
        );
      const rooms = new Set<string>();
      for (const _ of numbers(2 * maxCreations.user.points)) rooms.add((await create('one')).body.room.id);
      expect(rooms.size).toBe(1);
      expect((await create('two')).status).toBe(201);
    });
  });

  it('changes of rooms are limited for a user; what the room has already is not counted', async () => {
    const ada = await guestAt(newAddress());
    const room = await roomOf(ada);
    const rename = (name: string) => ada.patch(`/rooms/${room.id}`, { name });
    for (const i of numbers(maxUpdates.user.points)) {
      expect((await rename(`name ${i}`)).status).toBe(200);
      expect((await rename(`name ${i}`)).body.event).toBeNull();
    }
    expectRefused(await rename('another'), maxUpdates.user.durationSeconds);
    expect((await stateOf(ada, room.id)).room.name).toBe(`name ${maxUpdates.user.points - 1}`);
  });

  describe('a guest who joins and leaves in loops', () => {
    it('does not push events out of the log; others can join, and the guest can join other rooms', async () => {
      const { owner, room } = await roomWithTrack();
      const address = newAddress();
      const [mallory, bob] = await guestsAt(address, 2);
      const joins: Answer[] = [];
      const leaves: Answer[] = [];
      await Promise.all(
        numbers(5).map(async () => {
          for (const _ of numbers(80)) {
            joins.push(await mallory!.post(`/rooms/${room.id}/join`));
            leaves.push(await mallory!.delete(`/rooms/${room.id}/leave`));
          }
        }),
      );
      expect(statusesOf(joins)).toEqual([200, 429]);
      for (const refused of joins.filter(({ status }) => status === 429)) {
        expectRefused(refused, maxJoins.user.durationSeconds);
      }
      // Leaving is refused only where the join was.
      for (const refused of leaves.filter(({ status }) => status !== 200)) {
        expectProblem(refused, 403, 'not_a_participant');
      }
      const { status, body } = await firstEvents(owner, room);
      expect(status).toBe(200);
      const joined = body.events.filter(({ type }: any) => type === 'user_joined');
      expect(joined).toHaveLength(maxJoins.user.points);
      expect((await bob!.post(`/rooms/${room.id}/join`)).status).toBe(200);
      const other = await roomOf(owner);
      expect((await mallory!.post(`/rooms/${other.id}/join`)).status).toBe(200);
    });

    it('is limited together with the other guests of the address; they can join from elsewhere', async () => {
      const { room } = await roomWithTrack();
      const guests = await guestsAt(newAddress(), 1 + maxJoins.address.points / maxJoins.user.points);
      const last = guests.pop()!;
      const joins: Answer[] = [];
      await Promise.all(
        guests.map(async (who) => {
          for (const _ of numbers(maxJoins.user.points)) {
            joins.push(await who.post(`/rooms/${room.id}/join`));
            await who.delete(`/rooms/${room.id}/leave`);
          }
        }),
      );
      expect(statusesOf(joins)).toEqual([200]);
      expectRefused(await last.post(`/rooms/${room.id}/join`), maxJoins.address.durationSeconds);
      expect((await at(newAddress(), last).post(`/rooms/${room.id}/join`)).status).toBe(200);
    }, 60_000);

    it('may still ask to join as a participant, and a refused join uses up no invite', async () => {
      const owner = await guestAt(newAddress());
      const room = await roomOf(owner, [], { visibility: 'private' });
      const max_uses = maxJoins.user.points + 1;
      const { invite } = (await owner.post(`/rooms/${room.id}/invites`, { max_uses })).body;
      const mallory = await guestAt(newAddress());
      const join = (who: Person) => who.post(`/rooms/${room.id}/join`, { invite });
      for (const _ of numbers(maxJoins.user.points - 1)) {
        expect((await join(mallory)).status).toBe(200);
        await mallory.delete(`/rooms/${room.id}/leave`);
      }
      for (const _ of numbers(30)) expect((await join(mallory)).status).toBe(200);
      expect((await mallory.delete(`/rooms/${room.id}/leave`)).status).toBe(200);
      expectRefused(await join(mallory), maxJoins.user.durationSeconds);
      expect((await join(await guestAt(newAddress()))).status).toBe(200);
    });
  });

  describe('a guest who votes and withdraws the vote in loops', () => {
    it('does not push events out of the log; others can vote', async () => {
      const { owner, room, track } = await roomWithTrack();
      const address = newAddress();
      const [mallory, bob] = await guestsAt(address, 2);
      for (const who of [mallory!, bob!]) await who.post(`/rooms/${room.id}/join`);
      const answers: Answer[] = [];
      await Promise.all(
        numbers(5).map(async () => {
          for (const _ of numbers(80)) {
            answers.push(await mallory!.post(`/tracks/${track.id}/vote`));
            answers.push(await mallory!.delete(`/tracks/${track.id}/vote`));
          }
        }),
      );
      expect(statusesOf(answers)).toEqual([200, 429]);
      for (const refused of answers.filter(({ status }) => status === 429)) {
        expectRefused(refused, maxUserVotes[0].durationSeconds);
      }
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
      const { owner, room, track } = await roomWithTrack();
      const address = newAddress();
      const guests = await guestsAt(address, 30);
      for (const who of guests) await who.post(`/rooms/${room.id}/join`);
      const before = (await stateOf(owner, room.id)).sequence;
      const startedAt = performance.now();
      const answers: Answer[] = [];
      await Promise.all(
        guests.map(async (who) => {
          for (const _ of numbers(maxUserVotes[0].points / 2)) {
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

  it('500 listeners behind one address join a room and vote twice, each without being refused', async () => {
    const { owner, room, track } = await roomWithTrack();
    const { track: second } = (await owner.upload(room.id, wav(1, 300), 'second.wav')).body;
    const address = newAddress();
    const listeners: Person[] = [];
    // In groups, because each request opens a connection.
    for (const _ of numbers(10)) listeners.push(...(await guestsAt(address, 50)));
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
});
