import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Envelope, Playback, Track } from '../src/contract/index.js';
import { expectValid } from './support/answers.js';
import { guest, type Person, roomOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen, type Listener } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
let ada: Person;
let bob: Person;
let roomId: string;
let hers: Listener;
const opened: Listener[] = [];
const hear = async (who: Person): Promise<Listener> => {
  const listener = await listen(server.url, who, roomId);
  opened.push(listener);
  return listener;
};
beforeAll(async () => {
  server = await startServer();
  [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
});
afterAll(() => server.close());
beforeEach(async () => {
  roomId = (await roomOf(ada, [bob])).id;
  hers = await hear(ada);
});
afterEach(() => {
  for (const listener of opened.splice(0)) listener.close();
});

const report = (listener: Listener, round_trip: number): Promise<unknown> =>
  listener.ask('sync_report', { drift: 0, buffered: 1, round_trip });
const add = async (seconds: number, frequency = 440): Promise<Track> =>
  (await ada.upload(roomId, wav(seconds, frequency), `${frequency}.wav`)).body.track;
const command = async (
  name: string,
  body?: object,
): Promise<{ playback: Playback; event: { event_id: string } }> => {
  const answer = await ada.post(`/rooms/${roomId}/playback/${name}`, body);
  expect(answer.status).toBe(200);
  return answer.body;
};
const playbackNow = async (): Promise<{ playback: Playback; server_time: number }> =>
  (await ada.get(`/rooms/${roomId}/playback/status`)).body;
/** How far ahead of its change an event takes effect, in seconds. */
const leadOf = ({ data }: Envelope): number => {
  const { started_at, position } = (data as { playback: Playback }).playback;
  return started_at! + position - data.timestamp;
};
const skips = (): Envelope<'track_skipped'>[] => hers.ofType('track_skipped');

describe('playback takes effect a lead ahead', () => {
  /** Executes the commands that have a lead. @returns their leads */
  async function leads(): Promise<number[]> {
    const before = hers.events.length;
    await command('seek', { position: 5 });
    await command('pause');
    await command('resume');
    await command('skip');
    await command('stop');
    await command('start');
    await hers.until(() => hers.events.slice(before).some(({ type }) => type === 'playback_started'));
    const events = hers.events.slice(before);
    expectValid(events);
    const moving = events.filter(({ type }) =>
      ['playback_seeked', 'playback_resumed', 'track_skipped', 'playback_started'].includes(type),
    );
    expect(moving).toHaveLength(4);
    return moving.map(leadOf);
  }
  const expectLeads = (measured: number[], lead: number) => {
    for (const each of measured) {
      // The timestamp is in milliseconds and from the beginning of the change.
      expect(each).toBeGreaterThan(lead - 0.001);
      expect(each).toBeLessThan(lead + 0.5);
    }
  };

  it('of 0.25 s as long as no round trip is reported', async () => {
    await add(60);
    await hers.next('playback_started');
    expectLeads(hers.ofType('playback_started').map(leadOf), 0.25);
    await add(60, 500);
    expectLeads(await leads(), 0.25);
  });

  it.each([
    [0.01, 0.25],
    [0.4, 0.8],
    [10, 3],
  ])('with a round trip of %d s, of %d s, until the connection closes', async (roundTrip, lead) => {
    await add(60);
    await add(60, 500);
    const his = await hear(bob);
    await report(hers, 0.001);
    await report(his, roundTrip);
    await hers.next('listeners_updated');
    expectLeads(await leads(), lead);
    his.close();
    await hers.next('user_disconnected_websocket');
    await add(60, 600);
    expectLeads(await leads(), 0.25);
  });

  it('that one of twenty listeners does not determine, with however many connections', async () => {
    await add(60);
    await add(60, 500);
    const others = await Promise.all(Array.from({ length: 18 }, () => guest(server.url)));
    for (const other of others) {
      await other.post(`/rooms/${roomId}/join`);
      await report(await hear(other), 0.4);
    }
    await report(hers, 0.4);
    for (let connections = 0; connections < 5; connections += 1) await report(await hear(bob), 100);
    expectLeads(await leads(), 0.8);
    opened.at(-6)!.close();
    await hers.next('user_disconnected_websocket');
    await add(60, 600);
    expectLeads(await leads(), 3);
  });
});

describe('tracks follow each other without a gap', () => {
  it('the next one is announced a lead before the end, and starts exactly at the end', async () => {
    await report(hers, 1);
    const durations = [2.5, 2.123456, 2];
    const tracks = [];
    for (const [index, seconds] of durations.entries()) tracks.push(await add(seconds, 400 + index));
    const first = await hers.next('playback_started');
    await hers.until(() => skips().length === 1, 'the second track');
    // Until then the first one is heard.
    const { playback, server_time } = await playbackNow();
    expect(playback).toMatchObject({ status: 'playing', track_id: tracks[1]!.id, position: 0 });
    expect(playback.started_at).toBeGreaterThan(server_time);

    await hers.until(() => skips().length === 3, 'the end', 20_000);
    const [second, third, silence] = skips();
    expectValid(skips());
    expect([second, third].map((event) => [event!.data.reason, event!.data.track!.id])).toEqual([
      ['ended', tracks[1]!.id],
      ['ended', tracks[2]!.id],
    ]);
    const starts = [first, second, third].map((event) => event!.data.playback.started_at!);
    expect(starts[1]! - starts[0]!).toBeCloseTo(tracks[0]!.duration, 6);
    expect(starts[2]! - starts[1]!).toBeCloseTo(tracks[1]!.duration, 6);
    for (const event of [second, third]) {
      expect(leadOf(event!)).toBeGreaterThan(0);
      expect(leadOf(event!)).toBeLessThan(1.701);
    }
    // Silence has no start: it is announced at the end.
    expect(silence!.data).toMatchObject({ track: null, reason: 'ended', playback: { status: 'stopped' } });
    const end = starts[2]! + tracks[2]!.duration;
    expect(silence!.data.timestamp).toBeGreaterThan(end - 0.002);
    expect(silence!.data.timestamp).toBeLessThan(end + 2);
  }, 30_000);

  it('a track that is added within the lead before the end starts at the end', async () => {
    await report(hers, 10);
    const first = await add(4);
    const { data } = await hers.next('playback_started');
    const end = data.playback.started_at! + first.duration;
    await eventually(async () => (await playbackNow()).server_time > end - 2.5, 'the last seconds');
    const second = await add(10, 500);
    expect(second.status).toBe('playing');
    const skipped = await hers.next('track_skipped');
    expect(skipped.data).toMatchObject({ reason: 'ended', user: null, track: { id: second.id } });
    expect(skipped.data.playback.started_at).toBeCloseTo(end, 6);
  }, 20_000);

  it('tracks shorter than the lead are announced one at a time: each once the previous one has begun', async () => {
    await report(hers, 10);
    const tracks = [];
    for (let index = 0; index < 4; index += 1) tracks.push(await add(0.5, 400 + index));
    const first = await hers.next('playback_started');
    await hers.until(() => skips().length === 4, 'the end');
    const announced = [first, ...skips()];
    for (const [index, event] of announced.slice(1).entries()) {
      const previous = announced[index]!.data.playback.started_at!;
      expect(event.data.timestamp).toBeGreaterThan(previous - 0.002);
      if (event.data.track) expect(event.data.playback.started_at! - previous).toBeGreaterThan(0.499999);
    }
    expect(skips().map(({ data }) => data.track?.id ?? null)).toEqual([
      ...tracks.slice(1).map(({ id }) => id),
      null,
    ]);
  });

  it('a command within the lead concerns the track that is about to start', async () => {
    await report(hers, 10);
    await add(4);
    const second = await add(20, 500);
    await hers.next('track_skipped');
    const { playback } = await command('pause');
    expect(playback).toMatchObject({ status: 'paused', track_id: second.id, position: 0, started_at: null });
    const resumed = (await command('resume')).playback;
    expect(resumed).toMatchObject({ status: 'playing', track_id: second.id, position: 0 });
  }, 20_000);

  it('a removed next track does not start; silence follows', async () => {
    await report(hers, 10);
    await add(4);
    const second = await add(20, 500);
    await hers.next('track_skipped');
    await ada.delete(`/tracks/${second.id}`);
    await hers.until(() => skips().length === 2);
    expect(skips()[1]!.data).toMatchObject({
      reason: 'removed',
      track: null,
      playback: { status: 'stopped' },
    });
  }, 20_000);
});
