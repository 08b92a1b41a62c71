import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { TransportConnection, TransportListener } from '../src/connection/transport.js';
import type { RoomSummary } from '../src/contract.js';
import { Api } from '../src/http/api.js';
import { TokenSource } from '../src/http/token-source.js';
import { Lobby } from '../src/lobby/lobby.js';
import { FakeEnvironment } from './simulation/fake-environment.js';

const room = (id: string, name = id): RoomSummary => ({
  id,
  name,
  visibility: 'public',
  settings: {
    playback_control: 'everyone',
    upload: 'everyone',
    vote: 'everyone',
    skip_vote_share: null,
    max_tracks_per_user: null,
    fair_turns: false,
    fallback: 'off',
    repeat: 'off',
    level_loudness: true,
  },
  administrator: null,
  created_at: 1,
  participant_count: 1,
  online_count: 0,
});

let environment: FakeEnvironment;
let listeners: TransportListener[];
let calls: string[];
let lobby: Lobby;
/** The rooms of the server, newest first; null if it does not answer. */
let listed: RoomSummary[] | null;
let events = 0;

beforeEach(() => {
  environment = new FakeEnvironment(() => 0.5);
  listeners = [];
  calls = [];
  listed = [room('3'), room('2'), room('1')];
  const send = (async (_address: unknown, _method: string, path: string) => {
    calls.push(path);
    await new Promise<void>((resolve) => environment.setTimeout(resolve, 100));
    if (!listed) throw new Error('no answer');
    const after = /after=(\w+)/.exec(path)?.[1];
    const from = after === undefined ? 0 : listed.findIndex(({ id }) => id === after) + 1;
    const rooms = listed.slice(from, from + 2);
    const more = from + 2 < listed.length;
    return { rooms, more, next: more ? rooms.at(-1)!.id : null };
  }) as never;
  const api = new Api({ origin: '', path: '' }, new TokenSource('token'), environment, 30_000, send);
  const open = (_target: unknown, listener: TransportListener): TransportConnection => {
    listeners.push(listener);
    const end = () => void calls.push('end');
    return { ask: () => Promise.resolve({}), leave: end, drop: end };
  };
  lobby = new Lobby(api, open, environment, 4_000);
});

afterEach(() => {
  jest.restoreAllMocks();
});

const emit = (type: string, data: object, id = `event ${(events += 1)}`, confirm?: () => void) =>
  listeners.at(-1)!.received({ event_id: id, type, data, metadata: {} }, confirm);
const ids = () => lobby.rooms.current?.map(({ id }) => id);
async function connect(): Promise<void> {
  await environment.advance(0);
  listeners.at(-1)!.connected();
}

describe('the lobby', () => {
  it('connects when someone subscribes, and lists all pages', async () => {
    await environment.advance(1_000);
    expect(listeners).toHaveLength(0);
    lobby.rooms.subscribe(() => undefined);
    await connect();
    expect(lobby.rooms.current).toBeNull();
    await environment.advance(1_000);
    expect(ids()).toEqual(['3', '2', '1']);
    expect(lobby.connection.current).toMatchObject({ is: 'live' });
  });

  it('is kept up to date by events', async () => {
    lobby.rooms.subscribe(() => undefined);
    await connect();
    await environment.advance(1_000);
    emit('room_created', { room: room('4') });
    emit('room_deleted', { room: room('2') });
    const changed = { ...room('1', 'Other'), participant_count: undefined, online_count: undefined };
    emit('room_state_updated', { room: JSON.parse(JSON.stringify(changed)) as object });
    expect(ids()).toEqual(['4', '3', '1']);
    expect(lobby.rooms.current!.at(-1)).toMatchObject({ name: 'Other', participant_count: 1 });
  });

  it('has what happens while it lists the rooms', async () => {
    lobby.rooms.subscribe(() => undefined);
    await connect();
    await environment.advance(50);
    emit('room_created', { room: room('4') });
    emit('room_deleted', { room: room('2') });
    await environment.advance(1_000);
    expect(ids()).toEqual(['4', '3', '1']);
  });

  it('lists the rooms anew with each connection', async () => {
    lobby.rooms.subscribe(() => undefined);
    await connect();
    await environment.advance(6_000);
    listed = [room('9')];
    listeners.at(-1)!.ended('network');
    await environment.advance(1_000);
    await connect();
    await environment.advance(1_000);
    expect(ids()).toEqual(['9']);
  });

  it('tries again when the rooms could not be listed', async () => {
    listed = null;
    lobby.rooms.subscribe(() => undefined);
    await connect();
    await environment.advance(1_000);
    listed = [room('1')];
    await environment.advance(10_000);
    expect(ids()).toEqual(['1']);
  });

  it('confirms an event that asks for it once its handlers are done, and calls them once for all copies', async () => {
    let handled = 0;
    let confirmed = 0;
    let finish!: () => void;
    lobby.on('room_deleted', () => {
      handled += 1;
      return new Promise<void>((resolve) => (finish = resolve));
    });
    await connect();
    emit('room_deleted', { room: room('2') }, 'same', () => (confirmed += 1));
    await environment.advance(0);
    expect([handled, confirmed]).toEqual([1, 0]);
    finish();
    await environment.advance(0);
    emit('room_deleted', { room: room('2') }, 'same', () => (confirmed += 1));
    expect([handled, confirmed]).toEqual([1, 2]);
  });

  it('closes with a reason where it is sent what it does not understand', async () => {
    const reported = jest.spyOn(console, 'error').mockReturnValue();
    lobby.rooms.subscribe(() => undefined);
    await connect();
    await environment.advance(1_000);
    emit('room_created', { rum: 'of another version' });
    expect(lobby.connection.current).toEqual({ is: 'closed', reason: 'protocol' });
    expect(reported).toHaveBeenCalledTimes(1);
    expect(ids()).toEqual(['3', '2', '1']);
  });

  it('disconnects a few seconds after the last use, and connects again with the next', async () => {
    const off = lobby.rooms.subscribe(() => undefined);
    const offToo = lobby.on('room_created', () => undefined);
    await connect();
    await environment.advance(1_000);
    off();
    off();
    await environment.advance(20_000);
    expect(calls).not.toContain('end');
    offToo();
    await environment.advance(4_000);
    expect(calls).not.toContain('end');
    await environment.advance(1_000);
    expect(calls).toContain('end');
    expect(environment.waiting).toBe(0);
    lobby.rooms.subscribe(() => undefined);
    await connect();
    expect(listeners).toHaveLength(2);
  });
});
