import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { wav } from '../../test/support/audio.js';
import { eventually } from '../../test/support/listener.js';
import { startServer, temporaryFolder, type TestServer } from '../../test/support/server.js';
import { rm } from 'node:fs/promises';
import {
  connect,
  guest,
  type HandlerFailure,
  login,
  refresh,
  register,
  type Reset,
  type Room,
  type Roomcast,
  RoomcastError,
  type RoomcastEvent,
  type SignedIn,
} from '../src/index.js';
import { type CuttableProxy, cuttableProxy } from './support/cuttable-proxy.js';
import { until } from './support/waiting.js';

/* The library against a real server, over real sockets. */

let server: TestServer;
let proxy: CuttableProxy;
let opened: Roomcast[];

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  proxy = await cuttableProxy(server.url);
  opened = [];
});
afterEach(async () => {
  for (const roomcast of opened) roomcast.close();
  await proxy.close();
});

function use(token: Parameters<typeof connect>[1]['token'], url = proxy.url): Roomcast {
  const roomcast = connect(url, { token });
  opened.push(roomcast);
  return roomcast;
}

interface User extends SignedIn {
  roomcast: Roomcast;
}

async function newGuest(name: string): Promise<User> {
  const signedIn = await guest(server.url, name);
  return { ...signedIn, roomcast: use(signedIn.token) };
}

/** A room of Ada's that Bob has joined too, with two queued tracks after the one that plays. */
async function scene() {
  const [ada, bob] = await Promise.all([newGuest('ada'), newGuest('bob')]);
  const { id } = await ada.roomcast.createRoom({ name: 'Friday night' });
  const room = await ada.roomcast.join(id);
  const other = await bob.roomcast.join(id);
  const tracks: string[] = [];
  for (const name of ['one', 'two', 'three']) {
    const file = new Blob([new Uint8Array(wav(30, 300 + tracks.length))]);
    tracks.push((await room.upload(file, { name: `${name}.wav` }).done).id);
  }
  const [, first, second] = tracks as [string, string, string];
  for (const one of [room, other]) await until(one.state, ({ queue }) => queue.length === 2, 'the queue');
  return { ada, bob, id, room, other, playing: tracks[0]!, first, second };
}

const follow = (room: Room, sequence: number) =>
  until(room.state, () => room.sequence >= sequence, `sequence ${sequence}`);
const queueOf = (room: Room) => room.state.current.queue.map(({ id }) => id);
const closedWith = (room: Room, reason: string) =>
  until(room.connection, (now) => now.is === 'closed' && now.reason === reason, `closed: ${reason}`);
const isLive = (room: Room) => until(room.connection, (now) => now.is === 'live', 'a live connection');
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof RoomcastError ? error.code : String(error)),
  );

/** Records every event that a room hands out. */
function record(room: Room) {
  const events: RoomcastEvent[] = [];
  const resets: Reset[] = [];
  void (async () => {
    for await (const item of room.events()) {
      if (item.type === 'reset') resets.push(item);
      else events.push(item);
    }
  })();
  return { events, resets, sequences: () => events.flatMap(({ metadata }) => metadata.sequence ?? []) };
}

describe('a room', () => {
  it('is joined with its state, and follows what others do', async () => {
    const { room, other, bob, first, second } = await scene();
    expect(room.state.current).toMatchObject({ name: 'Friday night', participant_count: 2, online_count: 2 });
    expect(queueOf(other)).toEqual([first, second]);
    const voted = new Promise<RoomcastEvent<'track_voted'>>((resolve) => room.on('track_voted', resolve));
    await other.vote(second);
    const event = await voted;
    expect(event.data).toMatchObject({ voter: { id: bob.user.id }, queue_position: 1 });
    expect(queueOf(room)).toEqual([second, first]);
    expect(other.state.current.my_votes).toEqual([second]);
    expect(room.state.current.my_votes).toEqual([]);
  });

  it('shows a command at once, and undoes it when it is refused', async () => {
    const { room, other, first, second } = await scene();
    const voting = room.vote(second);
    expect(queueOf(room)).toEqual([second, first]);
    expect(await voting).toMatchObject({ id: second, vote_score: 1 });
    await follow(other, room.sequence);
    expect(queueOf(other)).toEqual([second, first]);

    const moving = other.moveTrack(first, 1);
    expect(queueOf(other)).toEqual([first, second]);
    expect(await codeOf(moving)).toBe('not_administrator');
    expect(queueOf(other)).toEqual([second, first]);
    const renaming = other.updateRoom({ name: 'Mine' });
    expect(other.state.current.name).toBe('Mine');
    expect(await codeOf(renaming)).toBe('not_administrator');
    expect(other.state.current.name).toBe('Friday night');
  });

  it('carries out playback commands', async () => {
    const { room, other, first, playing } = await scene();
    expect(room.playback.current).toMatchObject({
      status: 'playing',
      track: { id: playing },
      next: { id: first },
    });
    await room.pause();
    await until(other.playback, ({ status }) => status === 'paused', 'the pause');
    await room.seek(12);
    await room.resume();
    const { playback } = await room.skip();
    expect(playback.track_id).toBe(first);
    await until(other.playback, ({ track_id }) => track_id === first, 'the skip');
    await room.stop();
    await room.play(playing);
    await until(other.playback, ({ track_id }) => track_id === playing, 'the start');
    expect(await codeOf(room.resume())).toBe('not_paused');
  });

  it('gives its events in order to a loop, which ends with the room', async () => {
    const { room, first } = await scene();
    const types: string[] = [];
    const loop = (async () => {
      for await (const event of room.events()) types.push(event.type);
    })();
    await room.vote(first);
    await room.unvote(first);
    await eventually(() => types.length >= 2);
    room.close();
    await loop;
    expect(types.slice(0, 2)).toEqual(['track_voted', 'track_unvoted']);
  });

  it('reports a handler that throws once, and goes on', async () => {
    const { room, other, first, second } = await scene();
    const failures: HandlerFailure[] = [];
    const voted: string[] = [];
    room.on('handlerError', (failure) => failures.push(failure));
    room.on('track_voted', ({ data }) => {
      voted.push(data.track.id);
      if (voted.length === 1) throw new Error('not ready');
    });
    await other.vote(first);
    await other.vote(second);
    await eventually(() => voted.length === 2);
    expect(voted).toEqual([first, second]);
    expect(failures).toEqual([
      { event: expect.objectContaining({ type: 'track_voted' }), error: new Error('not ready') },
    ]);
  });
});

describe('a connection that breaks', () => {
  it('returns, and every event is handed out once and in order', async () => {
    const { room, other, first, second, bob } = await scene();
    const seen = record(other);
    const states: string[] = [];
    other.connection.subscribe(() => states.push(other.connection.current.is));
    const from = other.sequence;
    proxy.isOpen = false;
    proxy.cut();
    await until(other.connection, ({ is }) => is === 'offline', 'the break');
    // Commands of others, past the proxy.
    const elsewhere = await use((await guest(server.url, 'cleo')).token, server.url).join(room.id);
    await elsewhere.vote(first);
    await elsewhere.vote(second);
    proxy.isOpen = true;
    await isLive(other);
    await elsewhere.unvote(first);
    await follow(other, elsewhere.sequence);
    const sequences = seen.sequences();
    expect(sequences).toEqual(sequences.map((_, index) => from + 1 + index));
    expect(sequences.at(-1)).toBeGreaterThan(from + 3);
    expect(seen.resets).toEqual([]);
    expect(states).toContain('offline');
    expect(queueOf(other)).toEqual([second, first]);
    // Within the grace nobody was told that Bob was away.
    expect(
      seen.events.filter(
        ({ type, data }) => type.startsWith('user_d') && 'user' in data && data.user?.id === bob.user.id,
      ),
    ).toEqual([]);
  });

  it('hides a break of less than a second from `status`', async () => {
    // On a busy machine a break may last longer: then another room is tried.
    for (let breakMs = Infinity; breakMs >= 1000;) {
      const { room } = await scene();
      const shown: string[] = [];
      room.status.subscribe(() => shown.push(room.status.current));
      const cutMs = performance.now();
      proxy.cut();
      await until(room.connection, ({ is }) => is === 'offline', 'the break');
      await isLive(room);
      breakMs = performance.now() - cutMs;
      if (breakMs < 1000) expect(shown.filter((status) => status !== 'live')).toEqual([]);
    }
  });

  it('repeats a command whose request was lost, where that does no harm', async () => {
    const { room, second } = await scene();
    proxy.isOpen = false;
    proxy.cut();
    const voting = room.vote(second);
    expect(room.state.current.my_votes).toEqual([second]);
    await until(room.connection, ({ is }) => is === 'offline', 'the break');
    proxy.isOpen = true;
    expect(await voting).toMatchObject({ vote_score: 1 });
    await until(room.state, () => room.state.current.queue[0]?.vote_score === 1, 'the vote');
  });

  it('starts from the state where the log does not reach back', async () => {
    const small = await startServer({ EVENT_RETENTION: '10' });
    try {
      const network = await cuttableProxy(small.url);
      const ada = await guest(small.url, 'ada');
      const near = use(ada.token, small.url);
      const { id } = await near.createRoom({ name: 'Small' });
      const admin = await near.join(id);
      const far = await use((await guest(small.url, 'bob')).token, network.url).join(id);
      const seen = record(far);
      const { id: track } = await admin.upload(new Blob([new Uint8Array(wav(30))]), { name: 'a.wav' }).done;
      await follow(far, admin.sequence);
      network.isOpen = false;
      network.cut();
      for (let vote = 0; vote < 80; vote += 1) {
        await admin.vote(track);
        await admin.unvote(track);
      }
      network.isOpen = true;
      await eventually(() => seen.resets.length > 0, 'the reset');
      await follow(far, admin.sequence);
      expect(seen.resets).toEqual([expect.objectContaining({ reason: 'history_gone' })]);
      expect(far.state.current.queue).toEqual(admin.state.current.queue);
      await network.close();
    } finally {
      await small.close();
    }
  });

  it('that stalls until the server has given it up misses nothing once the network flows again', async () => {
    // It gives up a client that confirms nothing after a fraction of a second.
    const hasty = await startServer({ CONFIRMATION_TIMEOUT_MS: '100', CONFIRMATION_ATTEMPTS: '1' });
    const network = await cuttableProxy(hasty.url);
    try {
      const near = use((await guest(hasty.url, 'ada')).token, hasty.url);
      const { id } = await near.createRoom({ name: 'Stalled' });
      const admin = await near.join(id);
      const far = await use((await guest(hasty.url, 'bob')).token, network.url).join(id);
      const seen = record(far);
      await admin.upload(new Blob([new Uint8Array(wav(30))]), { name: 'a.wav' }).done;
      await follow(far, admin.sequence);
      const from = far.sequence;
      network.isStalled = true;
      await admin.pause();
      // The server does not see that Bob is gone otherwise.
      await until(admin.state, ({ online_count }) => online_count === 1, 'the end of the connection', 20_000);
      await admin.resume();
      network.isStalled = false;
      await until(far.connection, ({ is }) => is !== 'live', 'the news of it');
      await isLive(far);
      await follow(far, admin.sequence);
      const later = seen.sequences().filter((sequence) => sequence > from);
      expect(later).toEqual(later.map((_, index) => from + 1 + index));
      expect(seen.resets).toEqual([]);
      expect(far.state.current.playback.status).toBe('playing');
    } finally {
      await network.close();
      await hasty.close();
    }
  }, 60_000);

  it('survives a restart of the server', async () => {
    const dataDir = await temporaryFolder();
    const env = { DATA_DIR: dataDir };
    let current = await startServer(env);
    const network = await cuttableProxy(current.url);
    try {
      const { token } = await guest(current.url, 'ada');
      const roomcast = use(token, network.url);
      const { id } = await roomcast.createRoom({ name: 'Durable' });
      const room = await roomcast.join(id);
      const seen = record(room);
      await room.upload(new Blob([new Uint8Array(wav(30))]), { name: 'a.wav' }).done;
      await current.close();
      const { connection } = room;
      await until(connection, (now) => now.is === 'offline' && now.reason === 'server', 'the stop');
      current = await startServer(env);
      network.leadTo(current.url);
      await isLive(room);
      await room.pause();
      await until(room.playback, ({ status }) => status === 'paused', 'the pause');
      const sequences = seen.sequences();
      expect(sequences).toEqual(sequences.map((_, index) => sequences[0]! + index));
      expect(seen.resets).toEqual([]);
      room.close();
    } finally {
      await network.close();
      await current.close();
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 60_000);
});

describe('the end of a room', () => {
  it.each(['kick', 'ban'] as const)('is told when the user is removed: %s', async (how) => {
    const { room, other, bob } = await scene();
    const left: unknown[] = [];
    other.on('user_left', ({ data }) => void left.push(data.reason));
    await room[how](bob.user.id);
    const reason = how === 'kick' ? 'kicked' : 'banned';
    await closedWith(other, reason);
    expect(left).toEqual([reason]);
    expect(await codeOf(other.vote('x'))).toBe('closed');
    expect(await codeOf(bob.roomcast.join(room.id))).toBe(how === 'kick' ? 'no error' : 'banned');
  });

  it('is told when the room is deleted', async () => {
    const { room, other, bob, id } = await scene();
    await room.deleteRoom();
    await closedWith(room, 'deleted');
    await closedWith(other, 'deleted');
    expect(await codeOf(bob.roomcast.join(id))).toBe('room_not_found');
  });

  it('is told to who was away when it happened', async () => {
    const { ada, room, other, bob } = await scene();
    proxy.isOpen = false;
    proxy.cut();
    await until(other.connection, ({ is }) => is === 'offline', 'the break');
    const headers = { authorization: `Bearer ${ada.token}` };
    const url = `${server.url}/api/rooms/${room.id}/participants/${bob.user.id}`;
    expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(200);
    proxy.isOpen = true;
    await closedWith(other, 'kicked');
  });

  it('is told when the user leaves, in every tab', async () => {
    const { other, bob, id, room } = await scene();
    const tab = await use(bob.token).join(id);
    await other.leave();
    expect(other.connection.current).toEqual({ is: 'closed', reason: 'left' });
    await closedWith(tab, 'left');
    await until(room.state, ({ participant_count }) => participant_count === 1, 'the departure');
  });

  it('does not come with `close`: the user stays a participant', async () => {
    const { other, room } = await scene();
    other.close();
    expect(other.connection.current).toEqual({ is: 'closed', reason: 'closed' });
    await until(room.state, ({ online_count }) => online_count === 1, 'one user online');
    expect(room.state.current.participant_count).toBe(2);
  });
});

describe('two tabs of one user', () => {
  it('both follow the room, and know the votes of each other', async () => {
    const { bob, id, other, room, second } = await scene();
    const tab = await use(bob.token).join(id);
    await tab.vote(second);
    await until(other.state, ({ my_votes }) => my_votes.includes(second), 'the vote of the other tab');
    tab.close();
    await other.unvote(second);
    await until(room.state, ({ queue }) => queue.every(({ vote_score }) => vote_score === 0), 'no votes');
    expect(room.state.current.online_count).toBe(2);
  });
});

describe('a session', () => {
  it('that ends is replaced by another one, and the room goes on', async () => {
    const name = `ada ${Math.random().toString(36).slice(2, 10)}`;
    const first = await register(server.url, name, 'correct horse');
    const refused: unknown[] = [];
    const roomcast = use(async (old) => {
      if (old === undefined) return first.token;
      refused.push(old);
      return (await login(server.url, name, 'correct horse')).token;
    });
    const { id } = await roomcast.createRoom({ name: 'Sessions' });
    const room = await roomcast.join(id);
    const seen = record(room);
    const logout = { method: 'POST', headers: { authorization: `Bearer ${first.token}` } };
    expect((await fetch(`${server.url}/api/auth/logout`, logout)).status).toBe(200);
    await until(room.connection, ({ is }) => is !== 'live', 'the end of the session');
    await isLive(room);
    await room.updateRoom({ name: 'Still here' });
    expect(refused).toEqual([first.token]);
    expect(seen.resets).toEqual([]);
    expect(room.user.username).toBe(name);
  });

  it('that ends without another one closes the room', async () => {
    const { token, user } = await newGuest('ada');
    const roomcast = use(token);
    const { id } = await roomcast.createRoom({ name: 'Sessions' });
    const room = await roomcast.join(id);
    expect(room.user).toEqual(user);
    const { token: other } = await refresh(server.url, token);
    expect(other).toMatch(/^ey/);
    await fetch(`${server.url}/api/auth/logout`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    await closedWith(room, 'unauthorized');
    expect(await codeOf(roomcast.join(id))).toBe('unauthorized');
  });
});

describe('joining', () => {
  it('fails with the code of the server', async () => {
    const { roomcast } = await newGuest('ada');
    expect(await codeOf(roomcast.join('0192f0c1-0000-7000-8000-000000000000'))).toBe('room_not_found');
    expect(await codeOf(roomcast.join('nonsense'))).toBe('malformed');
    expect(await codeOf(use('no token').join('0192f0c1-0000-7000-8000-000000000000'))).toBe('unauthorized');
  });

  it('a private room takes an invite', async () => {
    const [ada, bob] = await Promise.all([newGuest('ada'), newGuest('bob')]);
    const { id } = await ada.roomcast.createRoom({ name: 'Private', visibility: 'private' });
    const room = await ada.roomcast.join(id);
    expect(await codeOf(bob.roomcast.join(id))).toBe('room_not_found');
    const { invite } = await room.createInvite({ max_uses: 1 });
    expect(await room.listInvites()).toHaveLength(1);
    const other = await bob.roomcast.join(id, { invite });
    expect(other.state.current.participant_count).toBe(2);
  });

  it('can be cancelled, also later', async () => {
    const { ada, id } = await scene();
    expect(await codeOf(ada.roomcast.join(id, { signal: AbortSignal.abort() }))).toBe('aborted');
    const abort = new AbortController();
    const room = await ada.roomcast.join(id, { signal: abort.signal });
    abort.abort();
    expect(room.connection.current).toEqual({ is: 'closed', reason: 'closed' });
  });
});

describe('audio', () => {
  it('is read with the token, in parts, or by a URL for media elements', async () => {
    const { room, bob } = await scene();
    const { stream_url } = room.state.current.current_track!;
    const { media } = bob.roomcast;
    const part = await media.fetch(stream_url, { range: 'bytes=0-3' });
    expect(part.status).toBe(206);
    expect(await part.text()).toBe('RIFF');
    const url = await media.url(stream_url);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
    expect(await media.url(stream_url)).toBe(url);
  });

  it('has URLs that work after the user’s session was replaced by another one', async () => {
    const first = await guest(server.url, 'ada');
    const name = `ada ${Math.random().toString(36).slice(2, 10)}`;
    let session = Promise.resolve(first);
    const roomcast = use(async () => (await session).token);
    const { id } = await roomcast.createRoom({ name: 'Audio' });
    const room = await roomcast.join(id);
    const { stream_url } = await room.upload(new Blob([new Uint8Array(wav(30))]), { name: 'a.wav' }).done;
    const load = async () => (await fetch(await roomcast.media.url(stream_url), { method: 'HEAD' })).status;
    expect(await load()).toBe(200);
    session = register(server.url, name, 'correct horse', first.token);
    await until(room.connection, ({ is }) => is !== 'live', 'the end of the first session');
    await isLive(room);
    expect(await load()).toBe(200);
  });

  it('that cannot be read is refused, and an upload can be cancelled', async () => {
    const { room } = await scene();
    const noise = room.upload(new Blob(['not audio']), { name: 'x.mp3' });
    expect(await codeOf(noise.done)).toBe('unsupported_media_type');
    const cancelled = room.upload(new Blob([new Uint8Array(wav(30))]), { name: 'a.wav' });
    cancelled.cancel();
    expect(await codeOf(cancelled.done)).toBe('aborted');
  });
});

describe('the room clock', () => {
  it('is the server’s, and its user counts as a listener who hears nothing', async () => {
    const { room } = await scene();
    expect(room.clock.uncertainty).toBe(Infinity);
    await eventually(() => room.clock.uncertainty < 0.01, 'the clock');
    const { server_time } = (await (await fetch(`${server.url}/api/time`)).json()) as { server_time: number };
    expect(Math.abs(room.clock.now() - server_time)).toBeLessThan(0.2);
    room.report({ status: 'in_step', drift: 0, buffered: 5 });
    await until(room.state, ({ listening_count }) => listening_count === 1, 'one listener');
  });
});

describe('the lobby', () => {
  it('lists public rooms, and follows what happens to them', async () => {
    const { roomcast } = await newGuest('ada');
    const { lobby } = roomcast;
    const off = lobby.rooms.subscribe(() => undefined);
    await until(lobby.rooms, (rooms) => rooms !== null, 'the rooms');
    const { id } = await roomcast.createRoom({ name: 'New' });
    await until(lobby.rooms, (rooms) => rooms!.some((room) => room.id === id), 'the new room');
    const room = await roomcast.join(id);
    await room.deleteRoom();
    await until(lobby.rooms, (rooms) => !rooms!.some((one) => one.id === id), 'the end of the room');
    off();
  });
});
