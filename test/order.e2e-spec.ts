import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { io } from 'socket.io-client';
import type { Envelope } from '../src/contract/index.js';
import { RoomStateService } from '../src/room-state/room-state.service.js';
import { guest, type Person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen, type Listener } from './support/listener.js';
import { raiser } from './support/raise.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ EVENT_RETENTION: '100000' });
});
afterAll(() => server.close());

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** A room of three in which everyone may seek: each seek is one change with one event. */
async function roomOfThree(): Promise<{ people: Person[]; roomId: string; tracks: string[] }> {
  const people = await Promise.all(['ada', 'bob', 'eve'].map((name) => guest(server.url, name)));
  const [ada, ...others] = people as [Person, ...Person[]];
  const room = await roomOf(ada, others);
  await ada.patch(`/rooms/${room.id}`, { settings: { playback_control: 'everyone' } });
  const tracks: string[] = [];
  for (const seconds of [300, 1, 2]) {
    tracks.push((await ada.upload(room.id, wav(seconds), 'song.wav')).body.track.id);
  }
  // While paused, a position does not change by itself.
  await ada.post(`/rooms/${room.id}/playback/pause`);
  return { people, roomId: room.id, tracks };
}

const seek = (someone: Person, roomId: string, position: number) =>
  someone.post(`/rooms/${roomId}/playback/seek`, { position });

async function logOf(someone: Person, roomId: string, after = 0): Promise<Envelope[]> {
  const { body } = await someone.get(`/rooms/${roomId}/events?after=${after}&limit=1000`);
  return body.events;
}

it('all listeners receive the same events in the same order without a gap, whenever they connect', async () => {
  const { people, roomId, tracks } = await roomOfThree();
  const [ada, bob, eve] = people as [Person, Person, Person];
  const early = await listen(server.url, ada, roomId);
  const { sequence: before } = await stateOf(ada, roomId);
  let answered = 0;
  const changeOne = async (i: number) => {
    const someone = people[i % 3]!;
    const { status } =
      i <= 9
        ? await someone.post(`/tracks/${tracks[Math.floor((i - 1) / 3)]}/vote`)
        : await seek(someone, roomId, i % 200);
    expect(status).toBe(200);
    answered += 1;
  };
  // Twelve at a time, so that listeners connect between changes and not after all of them.
  const left = numbers(1, 300);
  const work = async () => {
    for (let i = left.shift(); i !== undefined; i = left.shift()) await changeOne(i);
  };
  const changes = Promise.all(numbers(1, 12).map(work));
  await eventually(() => answered >= 20, 'some of the changes');
  const middle = await listen(server.url, bob, roomId);
  await eventually(() => answered >= 80, 'more of the changes');
  const late = await listen(server.url, eve, roomId);
  await changes;
  const head = before + 302;
  const all = [early, middle, late];
  await Promise.all(
    all.map((listener) => listener.until(() => listener.sequences.at(-1) === head, 'the last event')),
  );
  const log = await logOf(ada, roomId);
  expect(log.map(({ metadata }) => metadata.sequence)).toEqual(numbers(1, head));
  for (const listener of all) {
    const from = listener.ofType('connection_established')[0]!.data.sequence;
    expect(listener.sequences).toEqual(numbers(from + 1, head));
    expect(listener.logged.map(({ event_id, type }) => [event_id, type])).toEqual(
      log.slice(from).map(({ event_id, type }) => [event_id, type]),
    );
  }
  for (const listener of [middle, late]) expect(listener.logged.length).toBeGreaterThan(0);
  expect((await stateOf(ada, roomId)).sequence).toBe(head);
  for (const listener of all) listener.close();
});

it('a client that was away during 50 changes is replayed each once, then receives live events', async () => {
  const { people, roomId } = await roomOfThree();
  const [ada, bob] = people as [Person, Person];
  // Another listener keeps the room's stream open.
  const present = await listen(server.url, ada, roomId);
  const first = await listen(server.url, bob, roomId);
  await seek(ada, roomId, 1);
  await first.next('playback_seeked');
  const seen = first.sequences.at(-1)!;
  first.close();
  await present.next('user_disconnected_websocket');
  for (const position of numbers(1, 50)) await seek(ada, roomId, position);
  const back = await listen(server.url, bob, roomId, { afterSequence: seen });
  await Promise.all(numbers(51, 80).map((position) => seek(ada, roomId, position)));
  const { resumed, replayed, sequence } = back.ofType('connection_established')[0]!.data;
  // The 50, and his disconnect and connect events.
  expect({ resumed, replayed, sequence }).toEqual({ resumed: true, replayed: 52, sequence: seen + 52 });
  await back.until(() => back.sequences.at(-1) === seen + 82, 'the live events');
  expect(back.sequences).toEqual(numbers(seen + 1, seen + 82));
  expect(
    back
      .ofType('playback_seeked')
      .slice(0, 50)
      .map(({ data }) => data.playback.position),
  ).toEqual(numbers(1, 50));
  present.close();
  back.close();
});

/** After how many events, or at which step of connecting, the connection is closed. */
type Cut = number | 'connecting' | 'established';

/**
 * A simple client: it keeps the last sequence and sends it when it reconnects.
 * @returns what it received over all of its connections
 */
function cutClient(who: Person, roomId: string, cuts: Cut[]) {
  const got: number[] = [];
  const starts: { sequence: number; resumed: boolean; replayed: number }[] = [];
  let last: number | undefined;
  let onThis = 0;
  let connections = 0;
  const socket = io(`${server.url}/rooms/${roomId}`, {
    auth: (give) => give({ token: who.token, ...(last === undefined ? {} : { after_sequence: last }) }),
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 1,
    reconnectionDelayMax: 5,
  });
  // Socket.IO's client emits late packets of a closed connection when the next one opens, before `connect`; they are
  // not part of the next one.
  let live = false;
  socket.on('disconnect', () => {
    live = false;
  });
  let isCut = false;
  const cut = () => {
    // Closing lets packets in transit arrive first.
    if (isCut) return;
    isCut = true;
    cuts.shift();
    socket.io.engine.close();
  };
  socket.on('connect', () => {
    onThis = 0;
    isCut = false;
    live = true;
    connections += 1;
    if (cuts[0] === 'connecting') cut();
  });
  socket.onAny((type: string, event: Envelope, confirm?: () => void) => {
    if (!live) return;
    if (type === 'connection_established') {
      const { sequence, resumed, replayed } = (event as Envelope<'connection_established'>).data;
      starts.push({ sequence, resumed, replayed });
      // It starts from its first state, and afterwards uses events only.
      last ??= sequence;
      if (cuts[0] === 'established') cut();
      return;
    }
    if (event.metadata.sequence === undefined) return;
    last = event.metadata.sequence;
    got.push(last);
    confirm?.();
    onThis += 1;
    if (typeof cuts[0] === 'number' && onThis > cuts[0]) cut();
  });
  return { socket, got, starts, connections: () => connections, pending: () => cuts.length };
}

it('a client whose connections close at random moments receives each event once, in order', async () => {
  const { people, roomId } = await roomOfThree();
  const [ada, bob] = people as [Person, Person];
  const cut: fc.Arbitrary<Cut> = fc.oneof(
    { weight: 3, arbitrary: fc.nat(12) },
    { weight: 1, arbitrary: fc.constantFrom('connecting' as const, 'established' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 8 }), async (cuts) => {
      const planned = cuts.length;
      const client = cutClient(bob, roomId, [...cuts]);
      try {
        await eventually(() => client.starts.length > 0 || client.connections() > 1, 'the first connection');
        // Changes continue until every planned close has happened, and a few more follow.
        let position = 0;
        const until = Date.now() + 15_000;
        const work = async (someone: Person) => {
          for (let more = 10; more > 0 && Date.now() < until;) {
            await seek(someone, roomId, (position = (position + 1) % 200));
            if (client.pending() === 0) more -= 1;
          }
        };
        await Promise.all([work(ada), work(bob)]);
        expect(client.pending()).toBe(0);
        await eventually(async () => {
          const { sequence } = await stateOf(ada, roomId);
          return client.socket.connected && client.got.at(-1) === sequence;
        }, 'the client to be where the room is');
        const from = client.starts[0]!.sequence;
        expect(client.got).toEqual(numbers(from + 1, client.got.at(-1)!));
        expect(client.connections()).toBe(planned + 1);
        for (const start of client.starts.slice(1)) expect(start.resumed).toBe(true);
      } finally {
        client.socket.disconnect();
      }
    }),
    { numRuns: 12, interruptAfterTimeLimit: 60_000 },
  );
}, 90_000);

it('a client that is disconnected during a replay resumes after the last event that it received', async () => {
  const { people, roomId } = await roomOfThree();
  const [ada, bob] = people as [Person, Person];
  const from = (await stateOf(ada, roomId)).sequence;
  for (const position of numbers(1, 120)) await seek(ada, roomId, position);
  let last = from;
  const got: number[] = [];
  const listeners: Listener[] = [];
  for (let i = 0; i < 5; i += 1) {
    const listener = await listen(server.url, bob, roomId, { afterSequence: last });
    listeners.push(listener);
    const enough = i < 4 ? 20 : 1;
    await listener.until(() => listener.logged.length >= enough, 'a part of the replay');
    if (i === 4) {
      const { sequence } = listener.ofType('connection_established')[0]!.data;
      await listener.until(() => listener.sequences.at(-1)! >= sequence, 'the rest');
    }
    // Events after the twentieth are treated as lost: the client did not process them.
    const seen = i < 4 ? listener.sequences.slice(0, enough) : listener.sequences;
    listener.socket.io.engine.close();
    got.push(...seen);
    last = seen.at(-1)!;
  }
  expect(got).toEqual(numbers(from + 1, last));
  for (const listener of listeners) listener.close();
});

it('the event loop turns between changes while SQLite is read and written without a pause', async () => {
  const { people, roomId } = await roomOfThree();
  const [ada] = people as [Person];
  const raise = raiser(server, ada, roomId);
  await raise.high(800, 'x'.repeat(300));
  const state = server.app.get(RoomStateService);
  let turns = 0;
  let on = true;
  const turn = () => {
    turns += 1;
    if (on) setImmediate(turn);
  };
  setImmediate(turn);
  for (let i = 0; i < 60; i += 1) {
    // A long read, which SQLite answers within the turn of the event loop.
    await state.stateOnConnect(ada.user, roomId, { after: 5, epoch: undefined, state: 'always' });
    await raise.high();
  }
  on = false;
  expect(turns).toBeGreaterThan(20);
});
