import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maxCreations, maxJoins, maxUpdates } from '../src/rooms/room-limits.js';
import { expectProblem } from './support/answers.js';
import { type Answer, type Person, roomOf, stateOf } from './support/api.js';
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

describe('creating rooms', () => {
  it('is limited for a user, also if each room is deleted; others behind the address can', async () => {
    const address = guests.newAddress();
    const [ada, bob] = await guests.several(2, address);
    for (const _ of numbers(maxCreations.user[0].points)) {
      const { status, body } = await ada!.post('/rooms', { name: 'Room' });
      expect(status).toBe(201);
      await ada!.delete(`/rooms/${body.room.id}`);
    }
    expectRateLimited(await ada!.post('/rooms', { name: 'Room' }), maxCreations.user[0].durationSeconds);
    expect((await bob!.post('/rooms', { name: 'Room' })).status).toBe(201);
  });

  it('is limited for the guests of an address together; others can', async () => {
    const address = guests.newAddress();
    const all = await guests.several(1 + maxCreations.address.points / maxCreations.user[0].points, address);
    const made: Answer[] = [];
    for (const who of all) {
      for (const _ of numbers(maxCreations.user[0].points)) {
        made.push(await who.post('/rooms', { name: 'R' }));
      }
    }
    expect(made.filter(({ status }) => status === 201)).toHaveLength(maxCreations.address.points);
    expectRateLimited(made.at(-1)!, maxCreations.address.durationSeconds);
    const elsewhere = await guests.one();
    expect((await elsewhere.post('/rooms', { name: 'Room' })).status).toBe(201);
  });

  it('counts a command that is repeated with its key once', async () => {
    const address = guests.newAddress();
    const ada = await guests.one(address);
    const create = (key: string) =>
      guests.at(address, ada, { 'idempotency-key': key }).post('/rooms', { name: 'Room' });
    const rooms = new Set<string>();
    for (const _ of numbers(2 * maxCreations.user[0].points)) rooms.add((await create('one')).body.room.id);
    expect(rooms.size).toBe(1);
    expect((await create('two')).status).toBe(201);
  });
});

it('changes of rooms are limited for a user; what the room has already is not counted', async () => {
  const ada = await guests.one();
  const room = await roomOf(ada);
  const rename = (name: string) => ada.patch(`/rooms/${room.id}`, { name });
  for (const i of numbers(maxUpdates.user[0].points)) {
    expect((await rename(`name ${i}`)).status).toBe(200);
    expect((await rename(`name ${i}`)).body.event).toBeNull();
  }
  expectRateLimited(await rename('another'), maxUpdates.user[0].durationSeconds);
  expect((await stateOf(ada, room.id)).room.name).toBe(`name ${maxUpdates.user[0].points - 1}`);
});

describe('a guest who joins and leaves in loops', () => {
  it('does not push events out of the log; others can join, and the guest can join other rooms', async () => {
    const { owner, room } = await guests.roomWithTrack();
    const address = guests.newAddress();
    const [mallory, bob] = await guests.several(2, address);
    const joins: Answer[] = [];
    const leaves: Answer[] = [];
    await inLoops(async () => {
      joins.push(await mallory!.post(`/rooms/${room.id}/join`));
      leaves.push(await mallory!.delete(`/rooms/${room.id}/leave`));
    });
    expectLimitReached(joins, maxJoins.user[0].durationSeconds);
    // Leaving is refused only where the join was.
    for (const refused of leaves.filter(({ status }) => status !== 200)) {
      expectProblem(refused, 403, 'not_a_participant');
    }
    const { status, body } = await owner.get(`/rooms/${room.id}/events?after=0`);
    expect(status).toBe(200);
    const joined = body.events.filter(({ type }: any) => type === 'user_joined');
    expect(joined).toHaveLength(maxJoins.user[0].points);
    expect((await bob!.post(`/rooms/${room.id}/join`)).status).toBe(200);
    const other = await roomOf(owner);
    expect((await mallory!.post(`/rooms/${other.id}/join`)).status).toBe(200);
  });

  it('is limited together with the other guests of the address; they can join from elsewhere', async () => {
    const { room } = await guests.roomWithTrack();
    const all = await guests.several(1 + maxJoins.address.points / maxJoins.user[0].points);
    const last = all.pop()!;
    const joins: Answer[] = [];
    await Promise.all(
      all.map(async (who) => {
        for (const _ of numbers(maxJoins.user[0].points)) {
          joins.push(await who.post(`/rooms/${room.id}/join`));
          await who.delete(`/rooms/${room.id}/leave`);
        }
      }),
    );
    expect(statusesOf(joins)).toEqual([200]);
    expectRateLimited(await last.post(`/rooms/${room.id}/join`), maxJoins.address.durationSeconds);
    expect((await guests.at(guests.newAddress(), last).post(`/rooms/${room.id}/join`)).status).toBe(200);
  }, 60_000);

  it('may still ask to join as a participant, and a refused join uses up no invite', async () => {
    const owner = await guests.one();
    const room = await roomOf(owner, [], { visibility: 'private' });
    const max_uses = maxJoins.user[0].points + 1;
    const { invite } = (await owner.post(`/rooms/${room.id}/invites`, { max_uses })).body;
    const mallory = await guests.one();
    const join = (who: Person) => who.post(`/rooms/${room.id}/join`, { invite });
    for (const _ of numbers(maxJoins.user[0].points - 1)) {
      expect((await join(mallory)).status).toBe(200);
      await mallory.delete(`/rooms/${room.id}/leave`);
    }
    for (const _ of numbers(30)) expect((await join(mallory)).status).toBe(200);
    expect((await mallory.delete(`/rooms/${room.id}/leave`)).status).toBe(200);
    expectRateLimited(await join(mallory), maxJoins.user[0].durationSeconds);
    expect((await join(await guests.one())).status).toBe(200);
  });
});
