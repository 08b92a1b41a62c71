import { beforeEach, describe, expect, it } from '@jest/globals';
import { RoomClock } from '../src/clock/room-clock.js';
import { SyncReports } from '../src/room/sync-reports.js';
import { FakeEnvironment } from './simulation/fake-environment.js';

/** Room clock − local clock, in seconds. */
const trueOffset = 1_000_000;

let environment: FakeEnvironment;
let clock: RoomClock;
let asked: { message: string; payload: object }[];
/** How the server answers. */
let server: {
  id: string | undefined;
  offset: number;
  hasPreciseTimes: boolean;
  isReachable: boolean;
  takesMs: number;
};

const later = (ms: number) => new Promise<void>((resolve) => environment.setTimeout(resolve, ms));
const serverTime = () => environment.now() / 1000 + server.offset;
const round = (seconds: number) => Math.round(seconds * 1000) / 1000;

async function ask(message: string, payload: object): Promise<unknown> {
  asked.push({ message, payload });
  if (!server.isReachable) throw new Error('no answer');
  await later(20);
  const server_received = serverTime();
  await later(server.takesMs);
  const server_sent = serverTime();
  await later(20);
  const precise = { server_received, server_sent, clock_id: server.id };
  return { ok: true, server_time: round(server_sent), ...(server.hasPreciseTimes ? precise : {}) };
}

const probes = () => asked.filter(({ message }) => message === 'time_sync').length;
const error = () => clock.now() - environment.now() / 1000 - server.offset;

beforeEach(() => {
  environment = new FakeEnvironment(() => 0.5);
  asked = [];
  server = { id: 'clock 1', offset: trueOffset, hasPreciseTimes: true, isReachable: true, takesMs: 0 };
  clock = new RoomClock(ask, environment);
});

describe('the clock of a room', () => {
  it('measures nothing until someone uses it', async () => {
    clock.connected('clock 1');
    await environment.advance(20_000);
    expect(probes()).toBe(0);
    clock.use();
    clock.use();
    await environment.advance(0);
    expect(probes()).toBe(1);
  });

  it.each([[undefined], [{ ok: true }], [{ ok: false, error: { code: 'not_found' } }]])(
    'learns nothing from an answer without a time: %j',
    async (answer) => {
      clock = new RoomClock(() => Promise.resolve(answer), environment);
      clock.use();
      clock.connected(undefined);
      await environment.advance(10_000);
      expect(clock.uncertainty).toBe(Infinity);
    },
  );

  it('sends 8 quick probes, 32 more at 50 ms, then 8 after 1, 2, 4 and always 5 s more', async () => {
    clock.use();
    clock.connected('clock 1');
    await environment.advance(79);
    expect(probes()).toBe(8);
    await environment.advance(32 * 50);
    expect(probes()).toBe(40);
    for (const [index, seconds] of [1, 2, 4, 5, 5].entries()) {
      await environment.advance(seconds * 1000 - 10);
      expect(probes()).toBe(40 + 8 * index);
      await environment.advance(10 + 400);
      expect(probes()).toBe(48 + 8 * index);
    }
  });

  it('is known to less than a millisecond after the first answers, without the time that the server took', async () => {
    server.takesMs = 30;
    clock.use();
    clock.connected('clock 1');
    expect(clock.uncertainty).toBe(Infinity);
    await environment.advance(2_000);
    expect(Math.abs(error())).toBeLessThan(0.0005);
    expect(clock.uncertainty).toBeLessThan(0.003);
    expect(clock.roundTrip).toBeCloseTo(0.04);
    expect(clock.offset).toBeCloseTo(trueOffset, 3);
  });

  it('is estimated by the times of events before the first answer', () => {
    expect(clock.now()).toBe(environment.wallClock() / 1000);
    clock.observe(trueOffset - 0.1);
    clock.observe(trueOffset - 0.02);
    clock.observe(trueOffset - 0.5);
    expect(error()).toBeCloseTo(-0.02);
    expect(clock.uncertainty).toBe(Infinity);
  });

  it('works with servers that answer with `server_time` alone', async () => {
    server.hasPreciseTimes = false;
    clock.use();
    clock.connected(undefined);
    await environment.advance(2_000);
    expect(Math.abs(error())).toBeLessThan(0.001);
  });

  it('goes on without a connection, and becomes less certain', async () => {
    clock.use();
    clock.connected('clock 1');
    await environment.advance(10_000);
    clock.disconnected();
    const before = clock.uncertainty;
    asked = [];
    await environment.advance(60_000);
    expect(probes()).toBe(0);
    expect(Math.abs(error())).toBeLessThan(0.001);
    expect(clock.uncertainty).toBeGreaterThan(before);
    clock.connected('clock 1');
    await environment.advance(400);
    expect(probes()).toBe(8);
  });

  it('starts anew on another clock, whoever tells of it', async () => {
    clock.use();
    clock.connected('clock 1');
    await environment.advance(10_000);
    clock.disconnected();
    server = { ...server, id: 'clock 2', offset: trueOffset + 50 };
    clock.connected('clock 2');
    expect(clock.uncertainty).toBe(Infinity);
    await environment.advance(2_000);
    expect(Math.abs(error())).toBeLessThan(0.0005);
    server = { ...server, id: 'clock 3', offset: trueOffset };
    await environment.advance(10_000);
    expect(Math.abs(error())).toBeLessThan(0.0005);
  });

  it('starts anew after a sleep in which the local clock stood still, and only then', async () => {
    clock.use();
    clock.connected('clock 1');
    await environment.advance(10_000);
    const before = clock.uncertainty;
    clock.suspect();
    await environment.advance(1_000);
    expect(clock.uncertainty).toBeLessThanOrEqual(before * 1.5);
    server.offset += 60;
    clock.suspect();
    await environment.advance(3_000);
    expect(Math.abs(error())).toBeLessThan(0.0005);
  });

  it('survives probes that are not answered', async () => {
    server.isReachable = false;
    clock.use();
    clock.connected('clock 1');
    await environment.advance(10_000);
    expect(clock.uncertainty).toBe(Infinity);
    server.isReachable = true;
    await environment.advance(10_000);
    expect(clock.uncertainty).toBeLessThan(0.01);
  });
});

describe('reports', () => {
  const report = { status: 'in_step', drift: 0.001, buffered: 12, muted: false } as const;
  let reports: SyncReports;
  const sent = () => asked.filter(({ message }) => message === 'sync_report').map(({ payload }) => payload);

  beforeEach(() => {
    reports = new SyncReports(clock, ask, environment);
    clock.connected('clock 1');
    reports.connected();
  });

  it('are sent every 5 s, with round trip and uncertainty, once the clock is known', async () => {
    await environment.advance(20_000);
    expect(sent()).toEqual([]);
    clock.use();
    await environment.advance(20_000);
    expect(sent()).toHaveLength(4);
    expect(sent()[0]).toMatchObject({ status: 'silent', drift: 0, buffered: 0 });
    expect((sent()[0] as { round_trip: number }).round_trip).toBeCloseTo(0.04);
    expect((sent()[0] as { uncertainty: number }).uncertainty).toBeLessThan(0.01);
  });

  it('are sent soon when the status of the player changes, at most once a second', async () => {
    clock.use();
    await environment.advance(6_100);
    asked = [];
    for (const status of ['buffering', 'in_step', 'blocked', 'in_step'] as const) {
      reports.update({ ...report, status });
    }
    await environment.advance(1_000);
    expect(sent()).toHaveLength(1);
    expect(sent()[0]).toMatchObject({ ...report });
    reports.update({ ...report, drift: 0.002 });
    await environment.advance(4_000);
    expect(sent()).toHaveLength(1);
  });

  it('end with the connection', async () => {
    clock.use();
    await environment.advance(6_000);
    reports.disconnected();
    clock.disconnected();
    reports.update({ ...report, status: 'blocked' });
    asked = [];
    await environment.advance(20_000);
    expect(asked).toEqual([]);
    expect(environment.waiting).toBe(0);
  });
});
