import { existsSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Playback } from '../src/contract/index.js';
import { guest, type Person, person, roomOf } from './support/api.js';
import { wav } from './support/audio.js';
import { requirePackage } from './support/debian.js';
import { eventually, listen } from './support/listener.js';
import { type Environment, type ServerProcess, spawnServer, temporaryFolder } from './support/server.js';

// Made before anything is measured: making them blocks this process.
const [first, second, long] = [wav(3), wav(30), wav(300)];

/** The library that gives a process another wall clock; the monotonic one stays as it is. */
const faketimeLibrary = (): Promise<string> =>
  requirePackage('faketime', () =>
    existsSync('/usr/lib')
      ? readdirSync('/usr/lib')
          .map((name) => join('/usr/lib', name, 'faketime/libfaketime.so.1'))
          .find((file) => existsSync(file))
      : undefined,
  );

describe.each([
  ['an hour back', '-3600', 'SIGTERM'],
  ['an hour ahead', '+3600', 'SIGKILL'],
] as const)('when the system clock is moved %s', (_, offset, signal) => {
  let folder: string;
  let server: ServerProcess;
  let ada: Person;
  let clockFile: string;
  let env: Environment;

  beforeAll(async () => {
    folder = await temporaryFolder();
    clockFile = join(folder, 'clock');
    await writeFile(clockFile, '+0');
    env = {
      DATA_DIR: folder,
      CONFIRMATION_TIMEOUT_MS: '1000',
      LD_PRELOAD: await faketimeLibrary(),
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
    };
    server = await spawnServer(env);
    ada = await guest(server.url, 'ada');
  }, 180_000);
  afterAll(async () => {
    await server.end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it('tracks end on time, retries are sent, tokens stay valid, and the jump is logged', async () => {
    const room = await roomOf(ada);
    const bob = await guest(server.url, 'bob');
    await bob.post(`/rooms/${room.id}/join`);
    const hers = await listen(server.url, ada, room.id);
    const his = await listen(server.url, bob, room.id, { confirm: () => undefined });
    await ada.upload(room.id, first, 'first.wav');
    const started = await hers.next('playback_started');
    const from = performance.now();
    await ada.upload(room.id, second, 'second.wav');
    await writeFile(clockFile, offset);

    const ended = await hers.next('track_skipped');
    const seconds = (performance.now() - from) / 1000;
    expect(ended.data.reason).toBe('ended');
    // Three seconds and the lead; a busy machine may take longer.
    expect(seconds).toBeGreaterThan(2);
    expect(seconds).toBeLessThan(15);
    const moved = ended.data.playback.started_at! - started.data.playback.started_at!;
    expect(moved).toBeGreaterThan(2);
    expect(moved).toBeLessThan(15);
    // Both retries were due after the clock was moved, and so was the end of the attempts.
    await his.next('playback_started', ({ metadata }) => metadata.retry_count === 2);
    expect((await his.next('error')).data.code).toBe('delivery_failed');

    const { server_time } = await hers.ask('time_sync', {});
    expect(Math.abs(server_time - started.data.server_time)).toBeLessThan(60);
    expect((await ada.get('/auth/me')).status).toBe(200);
    await hers.until(() => server.output().includes('the system clock jumped by'), 'the line in the log');
    hers.close();
    his.close();
  }, 60_000);

  it('and the server restarts, playback goes on where it was, on another clock, and clients that resume are sent the new started_at', async () => {
    const room = await roomOf(ada);
    await ada.upload(room.id, long, 'long.wav');
    const statusOf = async (): Promise<{ playback: Playback; from: number; to: number }> => {
      const from = performance.now() / 1000;
      const { body } = await ada.get(`/rooms/${room.id}/playback/status`);
      return { playback: body.playback, from, to: performance.now() / 1000 };
    };
    const restart = async (how: NodeJS.Signals) => {
      await server.end(how);
      server = await spawnServer(env);
      ada = person(server.url, ada.token, ada.user);
    };
    const established = async (afterSequence?: number) => {
      const listener = await listen(server.url, ada, room.id, {
        ...(afterSequence === undefined ? {} : { afterSequence }),
        state: 'when_needed',
      });
      return { listener, data: listener.ofType('connection_established')[0]!.data };
    };
    const before = await established();
    await eventually(async () => (await statusOf()).playback.position > 0, 'the start');
    const playing = await statusOf();
    before.listener.close();
    await before.listener.until(() => before.listener.socket.disconnected);

    await restart(signal);
    const after = await statusOf();
    const moved = after.playback.position - playing.playback.position;
    // The requests take time, and the system time is known to the millisecond.
    expect(moved).toBeGreaterThan(after.from - playing.to - 0.05);
    expect(moved).toBeLessThan(after.to - playing.from + 0.05);
    expect(after.playback).toMatchObject({
      status: 'playing',
      track_id: playing.playback.track_id,
      version: playing.playback.version + 1,
    });
    expect(after.playback.started_at! - playing.playback.started_at!).toBeCloseTo(Number(offset), 1);

    const resumed = await established(before.data.sequence);
    expect(resumed.data).toMatchObject({ resumed: true, room: null });
    expect(resumed.data.clock_id).not.toBe(before.data.clock_id);
    const { data } = await resumed.listener.next('playback_seeked');
    expect(data).toMatchObject({
      user: null,
      playback: { started_at: after.playback.started_at, version: after.playback.version },
    });
    resumed.listener.close();

    // The new clock begins with the system time, so that nothing has to be converted again.
    await restart('SIGTERM');
    expect((await statusOf()).playback).toMatchObject({
      started_at: after.playback.started_at,
      version: after.playback.version,
    });
  }, 60_000);
});
