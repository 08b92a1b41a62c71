import { afterEach, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import type { Envelope } from '../src/contract/index.js';
import { guest, type Person, person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen } from './support/listener.js';
import { type ServerProcess, spawnServer, temporaryFolder } from './support/server.js';

let running: ServerProcess | undefined;
let folder: string | undefined;
afterEach(async () => {
  if (running && running.child.exitCode === null && running.child.signalCode === null) {
    await running.end('SIGKILL');
  }
  if (folder) await rm(folder, { recursive: true, force: true });
});

const rounds = 20;
const changes = 1000;

interface Answered {
  event_id: string;
  sequence: number;
}

/** The whole log after a sequence. */
async function logAfter(someone: Person, roomId: string, after: number): Promise<Envelope[]> {
  const events: Envelope[] = [];
  for (let more = true; more;) {
    const { status, body } = await someone.get(
      `/rooms/${roomId}/events?after=${events.at(-1)?.metadata.sequence ?? after}&limit=1000`,
    );
    expect(status).toBe(200);
    events.push(...body.events);
    more = body.more;
  }
  return events;
}

it('a killed server loses no change that it has answered, and the log has no gap', async () => {
  folder = await temporaryFolder();
  const environment = { DATA_DIR: folder, EVENT_RETENTION: '1000000', LOG_LEVEL: 'info' };
  running = await spawnServer(environment);
  const people = await Promise.all(['ada', 'bob', 'eve', 'dan'].map((name) => guest(running!.url, name)));
  const [ada, ...others] = people as [Person, ...Person[]];
  const room = await roomOf(ada, others);
  await ada.patch(`/rooms/${room.id}`, { settings: { playback_control: 'everyone' } });
  await ada.upload(room.id, wav(120), 'current.wav');
  const { body } = await ada.upload(room.id, wav(2), 'voted.wav');
  const votedId = body.track.id;
  await ada.post(`/rooms/${room.id}/playback/pause`);

  const restarts: number[] = [];
  const fractions = fc.sample(fc.double({ min: 0.05, max: 0.95, noNaN: true }), rounds);
  let seen = (await stateOf(ada, room.id)).sequence;
  // One user votes and withdraws the vote alternately.
  let score = 0;
  let uploads = 0;
  for (const fraction of fractions) {
    const here = people.map((someone) => person(running!.url, someone.token, someone.user));
    const answered: Answered[] = [];
    let answers = 0;
    let uploaded: string | undefined;
    let votesAnswered = 0;
    const left = Array.from({ length: changes }, (_, i) => i);
    // Four users at the same time. Each round is interrupted; requests in progress may or may not have been committed.
    const work = here.map(async (someone, index) => {
      for (let i = left.shift(); i !== undefined; i = left.shift()) {
        try {
          if (index === 3) {
            const path = `/tracks/${votedId}/vote`;
            const { status } = await ((score + votesAnswered) % 2 === 1
              ? someone.delete(path)
              : someone.post(path));
            if (status !== 200) throw new Error(`a vote was answered with ${status}`);
            votesAnswered += 1;
          } else if (index === 2 && uploaded === undefined) {
            const { status, body } = await someone.upload(
              room.id,
              wav(1, 200 + ++uploads),
              `song ${uploads}.wav`,
            );
            if (status !== 201) throw new Error(`an upload was answered with ${status}`);
            uploaded = body.track.id;
          } else {
            const { status, body } = await someone.post(`/rooms/${room.id}/playback/seek`, {
              position: i % 120,
            });
            if (status !== 200) throw new Error(`a change was answered with ${status}`);
            answered.push(body.event);
          }
          answers += 1;
        } catch (error) {
          // The connection closed when the server was killed: not answered.
          if ((error as Error).name === 'TypeError') return;
          throw error;
        }
      }
    });
    await eventually(() => answers >= fraction * changes, 'the moment to kill', 30_000);
    const { signal } = await running.end('SIGKILL');
    expect(signal).toBe('SIGKILL');
    await Promise.all(work);
    expect(answers).toBeLessThan(changes);

    const from = performance.now();
    running = await spawnServer(environment);
    const { url } = running;
    await eventually(
      async () => (await fetch(`${url}/health/ready`)).status === 200,
      'the server to be ready',
    );
    restarts.push(performance.now() - from);

    const she = person(url, ada.token, ada.user);
    const { room: state, sequence } = await stateOf(she, room.id);
    const log = await logAfter(she, room.id, seen);
    expect(log.map(({ metadata }) => metadata.sequence)).toEqual(
      Array.from({ length: sequence - seen }, (_, i) => seen + 1 + i),
    );
    const logged = new Map(log.map(({ event_id, metadata }) => [event_id, metadata.sequence]));
    for (const event of answered) {
      expect([event, logged.get(event.event_id)]).toEqual([event, event.sequence]);
    }
    // The state agrees with the log.
    const playback = log.findLast(({ type }) => type === 'playback_seeked') as Envelope<'playback_seeked'>;
    expect(state.playback).toEqual(playback.data.playback);
    const votes = log.filter(({ type }) => /^track_(un)?voted$/.test(type)) as Envelope<'track_voted'>[];
    score = votes.at(-1)?.data.track.vote_score ?? score;
    const voted = state.queue.find(({ id }) => id === votedId)!;
    expect(voted.vote_score).toBe(score);
    // A request that was in progress at the end may have been committed.
    expect([votesAnswered, votesAnswered + 1]).toContain(votes.length);
    if (uploaded !== undefined) {
      expect(log.some((event) => event.type === 'track_added' && event.data.track.id === uploaded)).toBe(
        true,
      );
      expect((await she.get(`/tracks/${uploaded}/stream`)).status).toBe(200);
    }
    seen = sequence;
  }

  const all = await logAfter(person(running.url, ada.token, ada.user), room.id, 0);
  expect(all.map(({ metadata }) => metadata.sequence)).toEqual(all.map((_, i) => i + 1));
  expect(new Set(all.map(({ event_id }) => event_id)).size).toBe(all.length);
  expect(Math.max(...restarts)).toBeLessThan(20_000);
  const sorted = restarts.toSorted((a, b) => a - b).map(Math.round);
  process.stderr.write(
    `ready again after ${sorted[sorted.length >> 1]} ms (median of ${rounds}; slowest ${sorted.at(-1)} ms); ${all.length} events in the log` +
      '\n',
  );
}, 300_000);

it('a command that is repeated after its server was killed is carried out once, with the event of the first time', async () => {
  folder = await temporaryFolder();
  const environment = { DATA_DIR: folder };
  running = await spawnServer(environment);
  const ada = await guest(running.url, 'ada');
  const { id } = await roomOf(ada);
  const path = `/rooms/${id}`;
  let { sequence } = await stateOf(ada, id);
  const { epoch } = (await ada.get(path)).body;
  let committed = 0;
  for (let round = 0; round < 8; round += 1) {
    const { url } = running;
    const rename = (to: string) =>
      person(to, ada.token, ada.user, { 'idempotency-key': `round-${round}` }).patch(path, {
        name: `Round ${round}`,
      });
    const listener = await listen(url, person(url, ada.token, ada.user), id);
    const answer = rename(url).catch(() => 'lost' as const);
    // At times before anything happened, at times between the commit, after which the event is sent, and the answer.
    if (round % 2 === 0) await listener.next('room_state_updated');
    await running.end('SIGKILL');
    const first = await answer;
    const heard = listener.ofType('room_state_updated').at(-1);
    listener.close();
    if (heard) committed += 1;

    running = await spawnServer(environment);
    const again = await rename(running.url);
    expect(again.status).toBe(200);
    if (heard) {
      expect(again.body.event).toEqual({ event_id: heard.event_id, sequence: heard.metadata.sequence });
    }
    if (first !== 'lost') expect(again.body).toEqual(first.body);
    expect((await rename(running.url)).body).toEqual(again.body);
    const log = await logAfter(person(running.url, ada.token, ada.user), id, sequence);
    const renamed = log.filter(({ type }) => type === 'room_state_updated');
    expect(renamed.map(({ event_id }) => event_id)).toEqual([again.body.event.event_id]);
    sequence = log.at(-1)!.metadata.sequence!;
  }
  expect(committed).toBeGreaterThanOrEqual(4);
  // A killed process loses nothing, so the log goes on.
  expect((await person(running.url, ada.token, ada.user).get(path)).body.epoch).toBe(epoch);
}, 120_000);
