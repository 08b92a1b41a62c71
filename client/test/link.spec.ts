import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ClosedReason } from '../src/connection/connection.js';
import { Link, type LinkOwner } from '../src/connection/link.js';
import { outcomeOf } from '../src/connection/refusals.js';
import type { TransportListener, TransportTarget } from '../src/connection/transport.js';
import { type TokenOption, TokenSource } from '../src/http/token-source.js';
import { FakeEnvironment } from './simulation/fake-environment.js';

/** What a link does to the transports that it opens. */
class Opened {
  calls: string[] = [];
  answers = true;

  constructor(
    readonly target: TransportTarget,
    readonly listener: TransportListener,
  ) {}

  ask(): Promise<unknown> {
    this.calls.push('ask');
    return this.answers ? Promise.resolve({ ok: true }) : Promise.reject(new Error('no answer'));
  }

  leave(): void {
    this.calls.push('leave');
  }

  drop(): void {
    this.calls.push('drop');
  }
}

let environment: FakeEnvironment;
let opened: Opened[];
let owner: LinkOwner & { told: string[] };
let link: Link;
let source: TokenSource;

/** @param chance what the environment's `random` returns */
function start(token: TokenOption = 'token', chance = 0.5): void {
  environment = new FakeEnvironment(() => chance);
  opened = [];
  owner = {
    namespace: '/rooms/room',
    told: [],
    handshake: () => ({ after_sequence: opened.length }),
    received: () => owner.told.push('received'),
    connected: () => owner.told.push('connected'),
    ended: () => owner.told.push('ended'),
    woke: () => owner.told.push('woke'),
    closed: (reason: ClosedReason) => owner.told.push(`closed: ${reason}`),
  };
  const open = (target: TransportTarget, listener: TransportListener) => {
    opened.push(new Opened(target, listener));
    return opened.at(-1)!;
  };
  source = new TokenSource(token);
  link = new Link(owner, open, source, environment);
  link.start();
}

const last = () => opened.at(-1)!;
const now = () => link.state.current;
const refuse = (code?: string) =>
  last().listener.refused(code === undefined ? undefined : { code, message: code });

/** Connects, and stays connected for a while. */
async function connect(ms = 6_000): Promise<void> {
  await environment.advance(0);
  link.established(0, 0);
  await environment.advance(ms);
}

beforeEach(() => start());

describe('a link', () => {
  it('sends the token and what its owner asks for with each handshake', async () => {
    await connect();
    expect(last().target).toEqual({ namespace: '/rooms/room', auth: { token: 'token', after_sequence: 0 } });
    last().listener.ended('network');
    await environment.advance(1_000);
    expect(last().target.auth).toEqual({ token: 'token', after_sequence: 1 });
  });

  it('is connecting, then live', async () => {
    expect(now()).toEqual({ is: 'connecting', attempt: 1 });
    await connect();
    expect(now()).toMatchObject({ is: 'live' });
  });

  it('is catching up in between where events are missing', async () => {
    await environment.advance(0);
    link.established(3, 5);
    expect(now()).toEqual({ is: 'catching_up', from: 3, to: 5 });
    link.caughtUp();
    expect(now()).toMatchObject({ is: 'live' });
  });

  it('waits a random time up to 0.5 s after a connection that lasted, then doubles it up to 20 s', async () => {
    start('token', 0.999);
    await connect();
    last().listener.ended('network');
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      const state = now();
      if (state.is !== 'offline') throw new Error(state.is);
      expect(state).toMatchObject({ reason: 'network', attempt });
      const waitMs = state.retryAt - environment.wallClock();
      waits.push(Math.round(waitMs / 100) / 10);
      await environment.advance(waitMs);
      expect(now()).toEqual({ is: 'connecting', attempt });
      refuse();
    }
    expect(waits).toEqual([0.5, 1, 2, 4, 8, 16, 20, 20]);
  });

  it('goes on waiting longer after connections that do not last', async () => {
    await connect();
    for (const attempt of [1, 2, 3]) {
      last().listener.ended('server');
      expect(now()).toMatchObject({ is: 'offline', reason: 'server', attempt });
      await environment.advance(20_000 - 1);
      link.established(0, 0);
      await environment.advance(1_000);
    }
  });

  it.each([
    ['room_not_found', 'deleted'],
    ['not_a_participant', 'kicked'],
    ['banned', 'banned'],
    ['not_found', 'protocol'],
  ])('gives up when it is refused with %s', async (code, reason) => {
    await environment.advance(0);
    refuse(code);
    expect(now()).toEqual({ is: 'closed', reason });
    expect(owner.told).toEqual(['ended', `closed: ${reason}`]);
    await environment.advance(60_000);
    expect(opened).toHaveLength(1);
    expect(environment.waiting).toBe(0);
  });

  it.each(['draining', 'too_many_connections', 'a new code'])(
    'tries again when it is refused with %s',
    async (code) => {
      await environment.advance(0);
      refuse(code);
      expect(now()).toMatchObject({ is: 'offline', reason: 'server', attempt: 2 });
      await environment.advance(1_000);
      expect(opened).toHaveLength(2);
    },
  );

  it('gives up for the reason that an event has told, whatever else the server says before it closes', async () => {
    await connect();
    link.announce({ do: 'give_up', reason: 'left' });
    link.announce(outcomeOf('delivery_failed'));
    link.announce(undefined);
    last().listener.ended('network');
    expect(now()).toEqual({ is: 'closed', reason: 'left' });
  });

  it('forgets what the server has said about an earlier connection', async () => {
    await connect();
    link.announce({ do: 'give_up', reason: 'left' });
    // The owner has missed something, and asks for it again.
    link.restart('network');
    await environment.advance(1_000);
    link.established(0, 0);
    last().listener.ended('network');
    expect(now()).toMatchObject({ is: 'offline' });
  });

  it.each([
    ['delivery_failed', { is: 'offline', reason: 'server' }],
    ['room_not_found', { is: 'closed', reason: 'deleted' }],
    ['not_a_participant', { is: 'closed', reason: 'kicked' }],
  ])('decides by the error that the server sent before it closed: %s', async (code, state) => {
    await connect();
    link.announce(outcomeOf(code));
    last().listener.ended('server');
    expect(now()).toMatchObject(state);
  });

  it('tries again if a connection is not established within 20 s', async () => {
    await environment.advance(19_999);
    expect(opened).toHaveLength(1);
    await environment.advance(1_001);
    expect(opened[0]!.calls).toEqual(['drop']);
    expect(opened).toHaveLength(2);
  });

  it('cuts the connection and returns when its owner misses an event', async () => {
    await connect();
    link.restart('network');
    expect(last().calls).toEqual(['drop']);
    expect(now()).toMatchObject({ is: 'offline', reason: 'network' });
  });

  it('ignores what arrives from earlier connections', async () => {
    await connect();
    const [first] = opened;
    first!.listener.ended('network');
    await environment.advance(500);
    owner.told = [];
    first!.listener.received({}, undefined);
    first!.listener.ended('network');
    expect(owner.told).toEqual([]);
    expect(now()).toMatchObject({ is: 'connecting' });
  });

  it('leaves when it is closed, and does nothing afterwards', async () => {
    await connect();
    link.close('closed');
    expect(last().calls).toEqual(['leave']);
    expect(now()).toEqual({ is: 'closed', reason: 'closed' });
    expect([environment.waiting, environment.wakers]).toEqual([0, 0]);
    link.restart('network');
    link.established(0, 0);
    expect(now()).toEqual({ is: 'closed', reason: 'closed' });
  });
});

describe('a token that is not accepted', () => {
  it('is renewed once', async () => {
    const refused: unknown[] = [];
    start((old) => {
      refused.push(old);
      return `token ${refused.length}`;
    });
    await environment.advance(0);
    refuse('unauthorized');
    await environment.advance(0);
    expect(last().target.auth).toMatchObject({ token: 'token 2' });
    expect(refused).toEqual([undefined, 'token 1']);
    refuse('unauthorized');
    await environment.advance(0);
    expect(now()).toEqual({ is: 'closed', reason: 'unauthorized' });
  });

  it('is replaced by the one that someone else has asked for, and that one is renewed if it is refused as well', async () => {
    let tokens = 0;
    start(() => `token ${(tokens += 1)}`);
    await environment.advance(0);
    expect(await source.renew('token 1')).toBe('token 2');
    for (const expected of [2, 3]) {
      refuse('unauthorized');
      await environment.advance(0);
      expect(last().target.auth).toMatchObject({ token: `token ${expected}` });
    }
    refuse('unauthorized');
    await environment.advance(0);
    expect(now()).toEqual({ is: 'closed', reason: 'unauthorized' });
    expect(tokens).toBe(3);
  });

  it('is renewed each time it ends while the connection works', async () => {
    let tokens = 0;
    start(() => `token ${(tokens += 1)}`);
    await connect();
    for (const expected of [2, 3, 4]) {
      link.announce(outcomeOf('session_ended'));
      last().listener.ended('server');
      expect(now()).toMatchObject({ is: 'connecting' });
      await connect();
      expect(last().target.auth).toMatchObject({ token: `token ${expected}` });
    }
  });

  it('closes the connection where there is no other one', async () => {
    await connect();
    link.announce(outcomeOf('session_ended'));
    last().listener.ended('server');
    await environment.advance(0);
    expect(now()).toEqual({ is: 'closed', reason: 'unauthorized' });
  });

  it('closes the connection where the user is signed out', async () => {
    start(() => null);
    await environment.advance(0);
    expect(now()).toEqual({ is: 'closed', reason: 'unauthorized' });
    expect(opened).toHaveLength(0);
  });

  it('is asked for again where the function that returns it fails', async () => {
    let calls = 0;
    start(() => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error('no network')) : 'token';
    });
    await environment.advance(0);
    expect(now()).toMatchObject({ is: 'offline', reason: 'network' });
    await environment.advance(1_000);
    expect(opened).toHaveLength(1);
  });
});

describe('waking up', () => {
  it.each(['online', 'visible'] as const)('ends the wait at once: %s', async (reason) => {
    start('token', 0.999);
    await environment.advance(0);
    refuse();
    environment.wake(reason);
    expect(now()).toEqual({ is: 'connecting', attempt: 2 });
    await environment.advance(60_000);
    // The timer of the wait is gone.
    expect(opened.length).toBeLessThanOrEqual(4);
  });

  it('checks a live connection when the network returns, and keeps it if it works', async () => {
    await connect();
    environment.wake('online');
    await environment.advance(0);
    expect(last().calls).toEqual(['ask']);
    expect(now()).toMatchObject({ is: 'live' });
  });

  it('replaces a live connection that does not answer', async () => {
    await connect();
    last().answers = false;
    environment.wake('online');
    await environment.advance(0);
    expect(opened[0]!.calls).toEqual(['ask', 'drop']);
    expect(now()).toMatchObject({ is: 'offline', reason: 'network' });
  });

  it('notices a sleep, and replaces a connection that did not survive it', async () => {
    await connect();
    last().answers = false;
    environment.sleep(60_000);
    await environment.advance(0);
    expect(owner.told).toContain('woke');
    expect(now()).toMatchObject({ is: 'offline', reason: 'asleep' });
  });

  it('says that it was asleep where the network notices first', async () => {
    await connect();
    environment.sleep(60_000);
    await environment.advance(0);
    last().listener.ended('network');
    expect(now()).toMatchObject({ is: 'offline', reason: 'asleep' });
  });

  it('does not take a late timer for a sleep', async () => {
    await connect();
    environment.sleep(9_000);
    await environment.advance(0);
    expect(owner.told).not.toContain('woke');
    expect(last().calls).toEqual([]);
  });
});
