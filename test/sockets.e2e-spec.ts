import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { JwtService } from '@nestjs/jwt';
import { Compile } from 'typebox/compile';
import { v7 as uuid } from 'uuid';
import { WebSocket } from 'ws';
import { type Envelope, envelopeOf, eventTypes, rest } from '../src/contract/index.js';
import { RoomStreams } from '../src/delivery/room-streams.js';
import { RoomStateService } from '../src/room-state/room-state.service.js';
import { guest, type Person, person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen, Listener, type ListenerOptions, listenToLobby } from './support/listener.js';
import { raiser } from './support/raise.js';
import { RawListener } from './support/raw-listener.js';
import { startServer, type TestServer } from './support/server.js';

const schemas = new Map(eventTypes.map((type) => [type, Compile(envelopeOf(type))]));
const nowhere = '0192f0c1-0000-7000-8000-000000000000';
const song = wav(120);

/** The schema errors of an event; empty if it is valid. */
const faults = (event: Envelope): unknown[] => [...schemas.get(event.type)!.Errors(event)];
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

let server: TestServer;
const opened: Listener[] = [];
beforeAll(async () => {
  server = await startServer({ CONFIRMATION_TIMEOUT_MS: '500' });
});
afterEach(() => {
  for (const listener of opened.splice(0)) listener.close();
});
afterAll(() => server.close());

const keep = <L extends Listener>(listener: L): L => {
  opened.push(listener);
  return listener;
};
const hear = async (who: Person, roomId: string, options?: ListenerOptions, url = server.url) =>
  keep(await listen(url, who, roomId, options));
const knock = (namespace: string, token: unknown, url = server.url) =>
  keep(new Listener(url, namespace, token as string)).refused();

/** A room with a long track that plays, and its administrator. */
async function playingRoom(url = server.url): Promise<{ ada: Person; roomId: string; trackId: string }> {
  const ada = await guest(url, 'ada');
  const room = await roomOf(ada);
  const { body } = await ada.upload(room.id, song, 'song.wav');
  return { ada, roomId: room.id, trackId: body.track.id };
}

/** So many changes, each of which raises one event. */
async function change(someone: Person, trackId: string, times: number): Promise<void> {
  const { body } = await someone.get(`/tracks/${trackId}/metadata`);
  let voted = body.track.vote_score > 0;
  for (let i = 0; i < times; i += 1) {
    await (voted ? someone.delete(`/tracks/${trackId}/vote`) : someone.post(`/tracks/${trackId}/vote`));
    voted = !voted;
  }
}

describe('the handshake', () => {
  const codeAndMessage = (code: string) => ({ code, message: expect.any(String) });

  it('is refused with unauthorized without a valid token, in a room and in the lobby', async () => {
    const { ada, roomId } = await playingRoom();
    const { body } = await ada.post('/auth/media-token');
    for (const token of ['', 'rubbish', undefined, 7, { a: 1 }, `${ada.token}x`, body.media_token]) {
      for (const namespace of [`/rooms/${roomId}`, '/']) {
        expect(await knock(namespace, token)).toEqual(codeAndMessage('unauthorized'));
      }
    }
  });

  it('is refused for a room that does not exist, and for one the user has not joined', async () => {
    const { roomId } = await playingRoom();
    const bob = await guest(server.url, 'bob');
    expect(await knock(`/rooms/${nowhere}`, bob.token)).toEqual(codeAndMessage('room_not_found'));
    expect(await knock('/rooms/no-uuid', bob.token)).toEqual(codeAndMessage('room_not_found'));
    expect(await knock(`/rooms/${roomId}`, bob.token)).toEqual(codeAndMessage('not_a_participant'));
  });

  it('is refused for unknown namespaces, which are not created', async () => {
    const ada = await guest(server.url, 'ada');
    const watcher = keep(await listenToLobby(server.url, ada));
    const [lobby] = [...server.app.get(RoomStreams).connections()];
    const namespaces: Map<string, unknown> = (lobby!.socket as any).socket.nsp.server._nsps;
    const before = [...namespaces.keys()];
    for (const namespace of ['/rooms', '/rooms/', `/rooms/${nowhere}/`, `/rooms/${nowhere}/x`, '/admin']) {
      expect([namespace, await knock(namespace, ada.token)]).toEqual([
        namespace,
        codeAndMessage('not_found'),
      ]);
    }
    expect([...namespaces.keys()]).toEqual(before);
    watcher.close();
  });

  it('leaves no namespace and no stream, after a refusal and after a disconnect', async () => {
    const { ada, roomId } = await playingRoom();
    const watcher = keep(await listenToLobby(server.url, ada));
    const streams = server.app.get(RoomStreams);
    await eventually(() => streams.size.connections === 1, 'the watcher to be alone');
    const namespaces: Map<string, unknown> = ([...streams.connections()][0]!.socket as any).socket.nsp.server
      ._nsps;
    const before = [...namespaces.keys()];
    const bob = await guest(server.url, 'bob');
    await Promise.all([
      knock(`/rooms/${roomId}`, bob.token),
      knock(`/rooms/${roomId}`, 'rubbish'),
      ...numbers(1, 20).map((i) => knock(`/rooms/${i}`, bob.token)),
    ]);
    expect([...namespaces.keys()]).toEqual(before);
    const first = await hear(ada, roomId);
    const second = await hear(ada, roomId);
    expect(namespaces.has(`/rooms/${roomId}`)).toBe(true);
    first.close();
    second.socket.io.engine.close();
    await eventually(() => streams.size.rooms === 0 && namespaces.size === before.length, 'all to be gone');
    expect(streams.size).toMatchObject({ rooms: 0, connections: 1 });
    watcher.close();
    await eventually(() => streams.size.connections === 0, 'the lobby to be empty');
  });

  it('is refused with too_many_connections beyond the limit, also for concurrent attempts', async () => {
    const limited = await startServer({ RATE_LIMIT: 'on' });
    try {
      const ada = await guest(limited.url, 'ada');
      const room = await roomOf(ada);
      for (const namespace of ['/', `/rooms/${room.id}`]) {
        const outcomes = await Promise.all(
          numbers(1, 25).map(async () => {
            const listener = keep(new Listener(limited.url, namespace, ada.token));
            return new Promise<string>((resolve) => {
              listener.socket.once('connect', () => resolve('let in'));
              listener.socket.once('connect_error', (error) =>
                resolve((error as Error & { data: { code: string } }).data.code),
              );
            });
          }),
        );
        const letIn = outcomes.filter((outcome) => outcome === 'let in').length;
        expect(outcomes.filter((outcome) => outcome !== 'let in')).toEqual(
          Array<string>(25 - letIn).fill('too_many_connections'),
        );
        expect(letIn).toBe(20);
        expect(await knock(namespace, ada.token, limited.url)).toEqual(
          codeAndMessage('too_many_connections'),
        );
        for (const listener of opened.splice(0)) listener.close();
        await eventually(() => limited.app.get(RoomStreams).size.connections === 0);
        const again = keep(new Listener(limited.url, namespace, ada.token));
        await new Promise((resolve) => again.socket.once('connect', () => resolve(undefined)));
        again.close();
      }
    } finally {
      await limited.close();
    }
  });
});

describe('on connecting to a room', () => {
  it('connection_established is the first event, with the complete state', async () => {
    const { ada, roomId, trackId } = await playingRoom();
    const bob = await guest(server.url, 'bob');
    await bob.post(`/rooms/${roomId}/join`);
    await bob.upload(roomId, wav(60, 220), 'second.wav');
    await bob.post(`/tracks/${trackId}/vote`);
    const his = await hear(bob, roomId);
    const [first] = his.events as [Envelope<'connection_established'>];
    expect(first.type).toBe('connection_established');
    expect(faults(first)).toEqual([]);
    const { user, room, sequence, resumed, replayed, room_id } = first.data;
    expect({ user, resumed, replayed, room_id }).toEqual({
      user: bob.user,
      resumed: false,
      replayed: 0,
      room_id: roomId,
    });
    const state = await stateOf(ada, roomId);
    expect(Compile(rest.RoomStateAnswer).Check(state)).toBe(true);
    expect(sequence).toBe(state.sequence);
    expect({ ...room!, playback: { ...room!.playback, position: 0 } }).toEqual({
      ...state.room,
      playback: { ...state.room.playback, position: 0 },
    });
    expect(room!.online_users).toEqual([bob.user]);
    expect(room!.queue.map(({ title }) => title)).toEqual(['second']);
    // The state includes the connection itself, so the next event is later than that.
    await ada.post(`/rooms/${roomId}/playback/pause`);
    await his.next('playback_paused');
    expect(his.sequences).toEqual([sequence + 1]);
  });

  it('missed events follow once, in order, then live ones without a gap', async () => {
    const { ada, roomId, trackId } = await playingRoom();
    const bob = await guest(server.url, 'bob');
    await bob.post(`/rooms/${roomId}/join`);
    const before = await hear(bob, roomId);
    const seen = before.ofType('connection_established')[0]!.data.sequence;
    const hers = await hear(ada, roomId);
    before.close();
    // Leaving and returning within one batch of presence raises no events.
    await hers.next('user_disconnected_websocket');
    await change(ada, trackId, 7);
    const after = await hear(bob, roomId, { afterSequence: seen });
    await change(ada, trackId, 3);
    const [established] = after.ofType('connection_established') as [Envelope<'connection_established'>];
    const { sequence, resumed, replayed } = established.data;
    expect(resumed).toBe(true);
    // His disconnect and connect events count too, and hers.
    expect(replayed).toBe(sequence - seen);
    expect(replayed).toBeGreaterThanOrEqual(10);
    await after.until(() => after.logged.length >= replayed + 3, 'the live events');
    expect(after.events[0]).toBe(established);
    expect(after.sequences).toEqual(numbers(seen + 1, sequence + 3));
    const { body } = await ada.get(`/rooms/${roomId}/events?after=${seen}&limit=1000`);
    expect(after.logged.map(({ event_id }) => event_id)).toEqual(
      body.events.map(({ event_id }: Envelope) => event_id),
    );
    expect(after.events.flatMap(faults)).toEqual([]);
  });

  it('a replayed event differs from the live one only in its server_time', async () => {
    const { ada, roomId } = await playingRoom();
    const live = await hear(ada, roomId);
    const from = live.ofType('connection_established')[0]!.data.sequence;
    await ada.post(`/rooms/${roomId}/playback/pause`);
    await live.next('playback_paused');
    let asked = 0;
    const late = await hear(ada, roomId, {
      afterSequence: from,
      confirm: (_, confirmed) => {
        asked += 1;
        confirmed({ position: 1.5, drift: 0.01 });
      },
    });
    await late.next('playback_paused');
    const [was, is] = [live, late].map((listener) => {
      const { data, ...others } = listener.ofType('playback_paused')[0]!;
      const { server_time, ...lasting } = data;
      expect(typeof server_time).toBe('number');
      return { ...others, data: lasting };
    });
    expect(is).toEqual(was);
    expect(asked).toBe(1);
  });

  it('room is null for a client that resumes with the state when_needed', async () => {
    const { ada, roomId } = await playingRoom();
    const { sequence } = await stateOf(ada, roomId);
    const asked = async (afterSequence: number | undefined) => {
      const listener = await hear(ada, roomId, { afterSequence: () => afterSequence, state: 'when_needed' });
      const [established] = listener.ofType('connection_established');
      expect(faults(established!)).toEqual([]);
      return established!.data;
    };
    expect(await asked(sequence - 1)).toMatchObject({ room: null, resumed: true });
    expect(await asked(undefined)).toMatchObject({ room: { id: roomId }, resumed: false });
    // Beyond the head: nothing to resume from, so the state is needed.
    expect(await asked(sequence + 1000)).toMatchObject({ room: { id: roomId }, resumed: false });
    const plain = await hear(ada, roomId, { afterSequence: sequence - 1 });
    expect(plain.ofType('connection_established')[0]!.data).toMatchObject({
      room: { id: roomId },
      resumed: true,
    });
  });

  it('after_sequence may be a decimal string, because the Java client can send strings only', async () => {
    const { ada, roomId } = await playingRoom();
    const { sequence } = await stateOf(ada, roomId);
    const listener = await hear(ada, roomId, { afterSequence: String(sequence - 1) as unknown as number });
    await listener.until(() => listener.sequences.length === 2, 'the missed event and the own arrival');
    expect(listener.ofType('connection_established')[0]!.data).toMatchObject({ resumed: true, replayed: 2 });
    expect(listener.sequences).toEqual([sequence, sequence + 1]);
  });

  it('a malformed after_sequence, or one beyond the newest event, gives the state without a replay', async () => {
    const { ada, roomId } = await playingRoom();
    const rubbish = [
      9999,
      -1,
      1.5,
      NaN,
      '-1',
      '1.5',
      '0x1',
      '',
      '9999',
      null,
      {},
      [1],
      true,
      2 ** 53,
      'x'.repeat(1000),
      Array.from({ length: 1000 }, () => []),
    ] as number[];
    const streams = server.app.get(RoomStreams);
    for (const [index, afterSequence] of rubbish.entries()) {
      const listener = await hear(ada, roomId, { afterSequence });
      const { resumed, replayed, sequence } = listener.ofType('connection_established')[0]!.data;
      expect({ afterSequence, resumed, replayed }).toEqual({ afterSequence, resumed: false, replayed: 0 });
      // It is kept with the socket.
      for (const { socket } of streams.connections()) {
        expect(JSON.stringify((socket as any).socket.handshake.auth).length).toBeLessThan(200);
      }
      await ada.patch(`/rooms/${roomId}`, { name: `Other ${index}` });
      await listener.next('room_state_updated');
      expect(listener.sequences.filter((passed) => passed <= sequence)).toEqual([]);
      listener.close();
    }
  });

  it('an after_sequence before the log gives the state without a replay; the oldest one in the log gives a replay', async () => {
    const forgetful = await startServer({ EVENT_RETENTION: '10' });
    try {
      const { ada, roomId, trackId } = await playingRoom(forgetful.url);
      await change(ada, trackId, 70);
      // A connection that stays open, so that the others raise no presence events.
      const resident = keep(await hear(ada, roomId, {}, forgetful.url));
      const settled = async () => {
        const { body } = await ada.get(`/rooms/${roomId}/events?limit=1`);
        return [body.events[0].metadata.sequence, body.sequence] as [number, number];
      };
      // The log may be a little longer than the setting until it is pruned again.
      await eventually(async () => {
        const [from, head] = await settled();
        return head - from <= 11;
      }, 'the log to be pruned');
      const [oldest] = await settled();
      for (const [afterSequence, resumed] of [
        [0, false],
        [oldest - 2, false],
        [oldest - 1, true],
        [oldest, true],
      ] as const) {
        const listener = keep(await hear(ada, roomId, { afterSequence }, forgetful.url));
        const { data } = listener.ofType('connection_established')[0]!;
        expect({ afterSequence, resumed: data.resumed }).toEqual({ afterSequence, resumed });
        expect(data.replayed).toBe(resumed ? data.sequence - afterSequence : 0);
        await listener.until(() => listener.logged.length >= data.replayed);
        expect(listener.sequences.slice(0, data.replayed)).toEqual(
          resumed ? numbers(afterSequence + 1, data.sequence) : [],
        );
      }
      expect(resident.socket.connected).toBe(true);
      const listener = await hear(ada, roomId, {}, forgetful.url);
      expect(await listener.ask('replay', { after_sequence: 0 })).toEqual({
        ok: false,
        error: {
          code: 'history_gone',
          message: expect.any(String),
          details: { oldest_sequence: oldest },
        },
      });
    } finally {
      for (const listener of opened.splice(0)) listener.close();
      await forgetful.close();
    }
  });
});

describe('messages of the client', () => {
  it('time_sync is answered in a room and in the lobby', async () => {
    const { ada, roomId } = await playingRoom();
    for (const listener of [await hear(ada, roomId), keep(await listenToLobby(server.url, ada))]) {
      for (const args of [[{}], [], [null], [{ more: 1 }]]) {
        const before = Date.now() / 1000;
        const answer = await listener.ask('time_sync', ...args);
        expect(answer).toMatchObject({ ok: true, server_time: expect.any(Number) });
        expect(answer.server_time).toBeGreaterThanOrEqual(before - 0.002);
        expect(answer.server_time).toBeLessThanOrEqual(Date.now() / 1000 + 0.002);
      }
    }
  });

  it('room_state is answered with the room and its sequence', async () => {
    const { ada, roomId } = await playingRoom();
    const listener = await hear(ada, roomId);
    const answer = await listener.ask('room_state', {});
    const { ok, ...state } = answer;
    expect(ok).toBe(true);
    expect(Compile(rest.RoomStateAnswer).Check(state)).toBe(true);
    expect(answer.sequence).toBe((await stateOf(ada, roomId)).sequence);
  });

  it('replay is answered with a page of the log', async () => {
    const { ada, roomId, trackId } = await playingRoom();
    const listener = await hear(ada, roomId);
    await change(ada, trackId, 5);
    const { sequence } = await stateOf(ada, roomId);
    const found: Envelope[] = [];
    for (let more = true; more;) {
      const after_sequence = found.at(-1)?.metadata.sequence ?? 0;
      const answer = await listener.ask('replay', { after_sequence, limit: 3 });
      expect(answer).toEqual({
        ok: true,
        events: expect.any(Array),
        more: expect.any(Boolean),
        epoch: expect.any(String),
      });
      expect(answer.events.length).toBeLessThanOrEqual(3);
      found.push(...answer.events);
      more = answer.more;
    }
    expect(found.map(({ metadata }) => metadata.sequence)).toEqual(numbers(1, sequence));
    expect(found.flatMap(faults)).toEqual([]);
    const { epoch } = listener.ofType('connection_established')[0]!.data;
    for (const after_sequence of [sequence, sequence + 5]) {
      const answer = await listener.ask('replay', { after_sequence });
      expect(answer).toEqual({ ok: true, events: [], more: false, epoch });
    }
  });

  it('sync_report is answered', async () => {
    const { ada, roomId } = await playingRoom();
    const listener = await hear(ada, roomId);
    expect(await listener.ask('sync_report', { drift: -0.01, round_trip: 0.05, buffered: 10 })).toEqual({
      ok: true,
    });
  });

  it('unknown and malformed messages are answered with an error, and the connection stays open', async () => {
    const { ada, roomId } = await playingRoom();
    const room = await hear(ada, roomId);
    const lobby = keep(await listenToLobby(server.url, ada));
    const refusal = (code: string) => ({
      ok: false,
      error: expect.objectContaining({ code, message: expect.any(String) }),
    });
    const cases: [Listener, string, unknown[], string][] = [
      [room, 'no_such_message', [{}], 'unknown_message'],
      [room, '__proto__', [], 'unknown_message'],
      [room, 'track_voted', [{ track: 1 }], 'unknown_message'],
      [lobby, 'room_state', [{}], 'unknown_message'],
      [lobby, 'replay', [{ after_sequence: 0 }], 'unknown_message'],
      [room, 'replay', [], 'invalid_field'],
      [room, 'replay', [{}], 'invalid_field'],
      [room, 'replay', [{ after_sequence: -1 }], 'invalid_field'],
      [room, 'replay', [{ after_sequence: '0' }], 'invalid_field'],
      [room, 'replay', [{ after_sequence: 0, limit: 0 }], 'invalid_field'],
      [room, 'replay', [{ after_sequence: 0, limit: 1001 }], 'invalid_field'],
      [room, 'replay', ['text'], 'malformed'],
      [room, 'replay', [[1, 2]], 'malformed'],
      [room, 'replay', [{ after_sequence: 0 }, { limit: 1 }], 'malformed'],
      [room, 'replay', [Buffer.from('x')], 'malformed'],
      [room, 'sync_report', [{ drift: 'much' }], 'invalid_field'],
      [room, 'sync_report', [42], 'malformed'],
    ];
    for (const [listener, message, args, code] of cases) {
      expect([message, args, await listener.ask(message, ...args)]).toEqual([message, args, refusal(code)]);
    }
    expect(room.socket.connected && lobby.socket.connected).toBe(true);
  });

  it('messages beyond the rate limit are answered with rate_limited, and not handled', async () => {
    const limited = await startServer({ RATE_LIMIT: 'on' });
    try {
      const ada = await guest(limited.url, 'ada');
      const { id } = await roomOf(ada);
      const listener = keep(await listen(limited.url, ada, id));
      const state = limited.app.get(RoomStateService);
      const read = state.read.bind(state);
      let reads = 0;
      state.read = (...given) => {
        reads += 1;
        return read(...given);
      };
      const answers = await Promise.all(numbers(1, 250).map(() => listener.ask('room_state', {})));
      const refused = answers.filter(({ ok }) => !ok);
      expect(refused.length).toBeGreaterThan(100);
      for (const { error } of refused) expect(error.code).toBe('rate_limited');
      expect(reads).toBe(250 - refused.length);
      await eventually(async () => (await listener.ask('time_sync', {})).ok, 'the next second');
    } finally {
      for (const listener of opened.splice(0)) listener.close();
      await limited.close();
    }
  });
});

describe('a client that floods', () => {
  let limited: TestServer;
  beforeAll(async () => {
    limited = await startServer({ RATE_LIMIT: 'on' });
  });
  afterAll(() => limited.close());
  afterEach(() => {
    for (const listener of opened.splice(0)) listener.close();
  });

  it('receives rate_limited and is closed if it continues to send refused messages', async () => {
    const ada = await guest(limited.url, 'ada');
    const { id } = await roomOf(ada);
    const listener = keep(await listen(limited.url, ada, id));
    for (let sent = 0; sent < 1000; sent += 1) listener.socket.emit('time_sync', {}, () => undefined);
    expect(await listener.closed()).toMatch(/transport|disconnect/);
    expect(listener.ofType('error').map(({ data }) => data.code)).toEqual(['rate_limited']);
  });

  it('has one request for a large answer handled at a time', async () => {
    const ada = await guest(limited.url, 'ada');
    const { id } = await roomOf(ada);
    const listener = keep(await listen(limited.url, ada, id));
    const state = limited.app.get(RoomStateService);
    const read = state.read.bind(state);
    let [running, most] = [0, 0];
    state.read = async (...given) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return read(...given);
    };
    try {
      const answers = await Promise.all(numbers(1, 20).map(() => listener.ask('room_state', {})));
      expect(answers.every(({ ok }) => ok)).toBe(true);
      expect(most).toBe(1);
    } finally {
      state.read = read;
    }
  });

  it('is closed if it sends too many CONNECT packets', async () => {
    const socket = new WebSocket(`${limited.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    let answers = 0;
    socket.on('message', () => (answers += 1));
    await once(socket, 'message');
    for (let sent = 0; sent < 5000; sent += 1) socket.send(`40/rooms/${uuid()},{}`);
    await once(socket, 'close');
    expect(answers).toBeLessThan(150);
  });

  it.each(['ping', 'pong'] as const)(
    'is closed if it sends too many WebSocket frames of type %s',
    async (type) => {
      const socket = new WebSocket(
        `${limited.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`,
      );
      await once(socket, 'message');
      const closed = once(socket, 'close');
      for (let sent = 0; sent < 12_000; sent += 1) socket[type]();
      await closed;
    },
  );

  it('is closed if it sends few messages that are too long', async () => {
    const ada = await guest(limited.url, 'ada');
    const { id } = await roomOf(ada);
    const listener = keep(await listen(limited.url, ada, id));
    const report = { drift: 0, round_trip: 0.05, buffered: 10, more: 'x'.repeat(60_000) };
    for (let sent = 0; sent < 10; sent += 1) listener.socket.emit('sync_report', report, () => undefined);
    expect(await listener.closed()).toMatch(/transport|disconnect/);
  });

  it('is closed if it joins no namespace, even if it ignores the closing handshake', async () => {
    const { port } = new URL(limited.url);
    const socket = connect(Number(port), '127.0.0.1');
    const opened = performance.now();
    socket.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n' +
        'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 101 /);
    socket.resume();
    await once(socket, 'close');
    // Ten seconds to join a namespace, two for the closing handshake; `ws` alone would wait 30 s more.
    expect(performance.now() - opened).toBeLessThan(25_000);
  }, 40_000);

  it('is refused with too_many_connections if it connects too often', async () => {
    const ada = await guest(limited.url, 'ada');
    const { id } = await roomOf(ada);
    let refused: unknown;
    for (let attempt = 0; attempt < 250 && !refused; attempt += 1) {
      const listener = new Listener(limited.url, `/rooms/${id}`, ada.token);
      refused = await new Promise((resolve) => {
        listener.socket.once('connection_established', () => resolve(undefined));
        listener.socket.once('connect_error', (error) => resolve((error as Error & { data: unknown }).data));
      });
      listener.close();
    }
    expect(refused).toMatchObject({ code: 'too_many_connections' });
  }, 60_000);
});

it('no further pages are read for a client that leaves its answers unread', async () => {
  const ada = await guest(server.url, 'ada');
  const { id } = await roomOf(ada);
  const { high } = raiser(server, ada, id);
  for (let change = 0; change < 20; change += 1) await high(10, 'x'.repeat(5000));
  const client = new RawListener(server.url, ada, id);
  await eventually(() => client.established);
  const state = server.app.get(RoomStateService);
  const log = state.log.bind(state);
  let pages = 0;
  state.log = (...given) => {
    pages += 1;
    return log(...given);
  };
  try {
    client.stall();
    for (let asked = 1; asked <= 30; asked += 1) client.ask('replay', { after_sequence: 1, limit: 1000 });
    // Some answers fit into the kernel's buffers; then no further page is read.
    let before = -1;
    await eventually(async () => {
      const same = pages === before && pages > 0;
      before = pages;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return same;
    }, 'the pages to stop');
    expect(pages).toBeLessThan(20);
    client.goOn();
    await eventually(() => client.answers === 30, 'all answers', 40_000);
  } finally {
    state.log = log;
    client.close();
  }
}, 60_000);

describe('the lobby', () => {
  it('receives room_created and room_deleted of public rooms, and nothing about private ones', async () => {
    const [ada, eve] = [await guest(server.url, 'ada'), await guest(server.url, 'eve')];
    const hers = keep(await listenToLobby(server.url, eve));
    const hidden = await roomOf(ada, [], { name: 'Hidden', visibility: 'private' });
    const shown = await roomOf(ada, [], { name: 'Shown' });
    await ada.delete(`/rooms/${hidden.id}`);
    await ada.delete(`/rooms/${shown.id}`);
    const gone = await hers.next('room_deleted', ({ data }) => data.room.id === shown.id);
    const mine = hers.events.filter(({ data }) => data.room_id === shown.id || data.room_id === hidden.id);
    expect(mine.map(({ type, data }) => [type, data.room_id])).toEqual([
      ['room_created', shown.id],
      ['room_deleted', shown.id],
    ]);
    expect(mine.flatMap(faults)).toEqual([]);
    expect(hers.logged).toEqual([]);
    expect(gone.data.user).toEqual(ada.user);
    expect(hers.socket.connected).toBe(true);
  });
});

describe('the end of a connection', () => {
  it('room_deleted is the last event, and connections close once they have confirmed it', async () => {
    const { ada, roomId } = await playingRoom();
    const bob = await guest(server.url, 'bob');
    await bob.post(`/rooms/${roomId}/join`);
    const both = [await hear(ada, roomId), await hear(bob, roomId)];
    const closed = both.map((listener) =>
      listener.next('room_deleted').then(() => listener.until(() => !listener.socket.connected, 'the end')),
    );
    const { sequence } = await stateOf(ada, roomId);
    await ada.delete(`/rooms/${roomId}`);
    await Promise.all(closed);
    for (const listener of both) {
      const last = listener.events.at(-1)!;
      expect([last.type, last.metadata.sequence]).toEqual(['room_deleted', sequence + 1]);
      expect(faults(last)).toEqual([]);
    }
    expect(await knock(`/rooms/${roomId}`, ada.token)).toMatchObject({ code: 'room_not_found' });
  });

  it('a connection that does not confirm room_deleted receives the retries and delivery_failed, and is closed', async () => {
    const { ada, roomId } = await playingRoom();
    const silent = await hear(ada, roomId, { confirm: () => undefined });
    await ada.delete(`/rooms/${roomId}`);
    await silent.next('room_deleted');
    await silent.until(() => !silent.socket.connected, 'the end');
    // All attempts, and the reason.
    expect(silent.events.slice(1).map(({ type, metadata }) => [type, metadata.retry_count])).toEqual([
      ['room_deleted', 0],
      ['room_deleted', 1],
      ['room_deleted', 2],
      ['error', 0],
    ]);
    expect(silent.ofType('error')[0]!.data.code).toBe('delivery_failed');
  });

  it('a removed user receives nothing after user_left, and all of their connections close', async () => {
    const { ada, roomId, trackId } = await playingRoom();
    const bob = await guest(server.url, 'bob');
    await bob.post(`/rooms/${roomId}/join`);
    const hers = await hear(ada, roomId);
    // One that confirms, and one that never does.
    const his = [await hear(bob, roomId), await hear(bob, roomId, { confirm: () => undefined })];
    await ada.delete(`/rooms/${roomId}/participants/${bob.user.id}`);
    await change(ada, trackId, 4);
    await hers.until(() => hers.events.filter(({ type }) => /^track_(un)?voted$/.test(type)).length === 4);
    for (const listener of his) {
      await listener.until(() => !listener.socket.connected, 'the end');
      const left = listener.ofType('user_left');
      expect(left[0]!.data).toMatchObject({ user: bob.user, reason: 'kicked' });
      const after = listener.events.slice(listener.events.indexOf(left[0]!));
      expect(after.filter(({ type }) => type !== 'user_left' && type !== 'error')).toEqual([]);
    }
    expect(his.map((listener) => listener.ofType('user_left').length)).toEqual([1, 3]);
    await hers.next('user_disconnected_websocket', ({ data }) => data.user.id === bob.user.id);
    expect(hers.socket.connected).toBe(true);
    expect(await knock(`/rooms/${roomId}`, bob.token)).toMatchObject({ code: 'not_a_participant' });
  });

  it('signing out closes the connections of the session with session_ended, and no others', async () => {
    const { ada: guest, roomId } = await playingRoom();
    const credentials = { username: `ada${process.pid}${Date.now()}`, password: 'password1' };
    const [ada, again] = [
      (await guest.post('/auth/register', credentials)).body,
      (await guest.post('/auth/login', credentials)).body,
    ].map(({ token, user }) => person(server.url, token, user)) as [Person, Person];
    const room = await hear(ada, roomId);
    const lobby = keep(await listenToLobby(server.url, ada));
    const kept = await hear(again, roomId);
    await ada.post('/auth/logout');
    for (const listener of [room, lobby]) {
      const error = await listener.next('error');
      expect(error.data.code).toBe('session_ended');
      expect(faults(error)).toEqual([]);
      await listener.until(() => !listener.socket.connected, 'the end');
      expect(listener.events.at(-1)).toBe(error);
    }
    expect(await knock(`/rooms/${roomId}`, ada.token)).toMatchObject({ code: 'unauthorized' });
    expect(await kept.ask('time_sync', {})).toMatchObject({ ok: true });
  });

  it('connections close with session_ended when their token expires', async () => {
    const { ada, roomId } = await playingRoom();
    const jwt = server.app.get(JwtService, { strict: false });
    const { sub, sid, use } = jwt.decode<{ sub: string; sid: string; use: string }>(ada.token);
    const short = jwt.sign({ sub, sid, use, exp: Math.floor(Date.now() / 1000) + 2 });
    const brief = person(server.url, short, ada.user);
    const listeners = [await hear(brief, roomId), keep(await listenToLobby(server.url, brief))];
    const lasting = await hear(ada, roomId);
    for (const listener of listeners) {
      const error = await listener.next('error');
      expect(error.data.code).toBe('session_ended');
      await listener.until(() => !listener.socket.connected, 'the end');
    }
    expect(await knock(`/rooms/${roomId}`, short)).toMatchObject({ code: 'unauthorized' });
    expect(lasting.socket.connected).toBe(true);
  });
});
