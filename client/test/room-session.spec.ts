import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { TransportListener } from '../src/connection/transport.js';
import { Api } from '../src/http/api.js';
import { TokenSource } from '../src/http/token-source.js';
import { RoomSession, type Started } from '../src/room/room-session.js';
import { FakeEnvironment } from './simulation/fake-environment.js';
import { RoomModel, roomId, userId } from './simulation/room-model.js';

/* What a room does with what a server of another version, or a broken one, may send. */

let environment: FakeEnvironment;
let listener: TransportListener;
let session: RoomSession;
let started: Started | undefined;
let reported: jest.Spied<typeof console.error>;

beforeEach(async () => {
  reported = jest.spyOn(console, 'error').mockReturnValue();
  environment = new FakeEnvironment(() => 0.5);
  started = undefined;
  const api = new Api({ origin: '', path: '' }, new TokenSource('token'), environment, 30_000);
  const open = (_target: unknown, to: TransportListener) => {
    listener = to;
    return { ask: () => Promise.resolve({}), leave: () => undefined, drop: () => undefined };
  };
  session = new RoomSession(
    { roomId, api, open, environment, handlerTimeoutMs: 4_000 },
    (now) => (started = now),
  );
  session.link.start();
  await environment.advance(0);
});
afterEach(() => {
  session.link.close('closed');
  expect([environment.waiting, environment.wakers]).toEqual([0, 0]);
  jest.restoreAllMocks();
});

const model = new RoomModel(2);
const state = () => session.link.state.current;
const event = (type: string, data: object, sequence?: number) => ({
  event_id: `event ${sequence}`,
  type,
  data,
  metadata: sequence === undefined ? {} : { sequence },
});
/** @param more fields that the server sends besides, or instead */
function establish(more: object = {}): void {
  const data = { user: model.user(userId(0)), room: model.state(), sequence: 3, resumed: false, replayed: 0 };
  listener.connected();
  listener.received(event('connection_established', { ...data, ...more }), undefined);
}
const expectProtocolError = () => {
  expect(state()).toEqual({ is: 'closed', reason: 'protocol' });
  expect(reported).toHaveBeenCalledTimes(1);
};

/** Receives event 4, whose handler takes a second. */
async function runSlowHandler(): Promise<void> {
  session.handlers.add(
    'user_updated',
    () => new Promise((resolve) => environment.setTimeout(resolve, 1_000)),
  );
  await environment.advance(10);
  listener.received(
    event('user_updated', { user: model.user(userId(1)), previous_username: 'b' }, 4),
    undefined,
  );
}

describe('a room that is sent what it does not understand', () => {
  it.each<[string, object]>([
    ['no sequence', { sequence: undefined }],
    ['a sequence that is no number', { sequence: 'three' }],
    ['no state', { room: null }],
    ['a state without what belongs to it', { room: { id: roomId } }],
    ['no user', { user: undefined }],
  ])('closes instead of starting with %s', async (_, more) => {
    establish(more);
    await environment.advance(0);
    expectProtocolError();
    expect(started).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['something that is no event', 'a text'],
    ['an event without metadata', { event_id: '4', type: 'user_left', data: {} }],
    ['an event without what belongs to its type', event('track_voted', {}, 4)],
    ['a user_left event without a user', event('user_left', {}, 4)],
    ['a track without a number of votes', event('track_added', { track: null }, 4)],
  ])('closes: %s', async (_, sent) => {
    establish();
    await environment.advance(10);
    listener.received(sent, undefined);
    expectProtocolError();
  });

  it('closes also if a handler was running when that arrived', async () => {
    const confirmed = jest.fn();
    establish();
    await runSlowHandler();
    listener.received(event('track_voted', {}, 5), confirmed);
    expect(state()).toMatchObject({ is: 'live' });
    await environment.advance(1_000);
    expectProtocolError();
    expect(confirmed).not.toHaveBeenCalled();
  });

  it('goes on where it is an event of a type that it does not know, which it confirms', async () => {
    const confirmed = jest.fn();
    const handed: string[] = [];
    establish();
    session.outputs.add(({ type }) => handed.push(type));
    await environment.advance(10);
    const before = started!.state.folded.current;
    listener.received(event('room_painted', { color: 'green' }, 4), confirmed);
    expect(confirmed).toHaveBeenCalledTimes(1);
    expect(handed).toEqual(['room_painted']);
    expect(started!.state.sequence).toBe(4);
    expect(started!.state.folded.current).toBe(before);
    expect(state()).toMatchObject({ is: 'live' });
    expect(reported).not.toHaveBeenCalled();
  });

  it('goes on with a server that knows no epochs, and asks it for the whole state', async () => {
    establish();
    await environment.advance(10);
    expect(session.handshake()).toEqual({ after_sequence: 3, state: 'always' });
    expect(state()).toMatchObject({ is: 'live' });
  });
});

describe('a user who leaves', () => {
  const left = (sequence: number, reason = 'left', user = 0) =>
    event('user_left', { user: model.user(userId(user)), participant_count: 1, reason }, sequence);

  it.each(['left', 'kicked', 'banned'])('finds the room closed: %s', async (reason) => {
    establish();
    await environment.advance(10);
    listener.received(left(4, reason), undefined);
    expect(state()).toEqual({ is: 'closed', reason });
  });

  it('is told why even if the server closes the connection before handlers are done', async () => {
    establish();
    await runSlowHandler();
    listener.received(left(5, 'banned'), undefined);
    expect(state()).toMatchObject({ is: 'live' });
    listener.ended('server');
    expect(state()).toEqual({ is: 'closed', reason: 'banned' });
    await environment.advance(1_000);
  });

  it('and has returned since stays, also if the connection ends in between', async () => {
    establish();
    await environment.advance(10);
    listener.ended('network');
    await environment.advance(1_000);
    establish({ resumed: true, replayed: 2, sequence: 5, room: null });
    listener.received(left(4), undefined);
    listener.ended('network');
    expect(state()).toMatchObject({ is: 'offline', reason: 'network' });
  });

  it('and is another one does not matter', async () => {
    establish();
    await environment.advance(10);
    listener.received(left(4, 'left', 1), undefined);
    expect(state()).toMatchObject({ is: 'live' });
  });
});
