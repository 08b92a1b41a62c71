import { rm } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { Database } from '../src/database/database.js';
import { expectProblem } from './support/answers.js';
import { guest, person, type Person, roomOf } from './support/api.js';
import { eventually, listen } from './support/listener.js';
import { raiser } from './support/raise.js';
import { startServer, temporaryFolder, type TestServer } from './support/server.js';

/** A log may exceed the setting by a tenth. */
const mostKept = 11;

async function kept({ app }: TestServer, roomId: string, table: 'events' | 'deliveries' = 'events') {
  const { db } = app.get(Database);
  const rows = await db.selectFrom(table).select('sequence').where('room_id', '=', roomId).execute();
  return rows.map(({ sequence }) => sequence).sort((a, b) => a - b);
}

async function pruned(server: TestServer, roomId: string): Promise<void> {
  await eventually(async () => (await kept(server, roomId)).length <= mostKept, 'the log to be pruned');
}

const reportOf = (who: Person, roomId: string, eventId: string) =>
  who.get(`/rooms/${roomId}/events/${eventId}/delivery`);

it('the newest events and their reports are kept; older ones are answered with history_gone and event_not_found', async () => {
  const server = await startServer({ EVENT_RETENTION: '10' });
  try {
    const ada = await guest(server.url, 'ada');
    const { id: roomId } = await roomOf(ada);
    const hers = await listen(server.url, ada, roomId);
    const raise = raiser(server, ada, roomId);
    const ids: string[] = [];
    for (let event = 0; event < 40; event += 1) ids.push((await raise.critical())[0]!.event_id);
    await hers.until(() => hers.ofType('user_joined').length >= 40);
    await pruned(server, roomId);
    const { sequence: head } = (await ada.get(`/rooms/${roomId}`)).body;
    const sequences = await kept(server, roomId);
    expect(sequences.length).toBeGreaterThanOrEqual(10);
    expect(sequences).toEqual(sequences.map((_, place) => head - sequences.length + 1 + place));
    const oldest = sequences[0]!;

    const gone = await ada.get(`/rooms/${roomId}/events?after=${oldest - 2}`);
    expectProblem(gone, 410, 'history_gone');
    expect(gone.body.error.details).toEqual({ oldest_sequence: oldest });
    const page = await ada.get(`/rooms/${roomId}/events?after=${oldest - 1}`);
    expect(page.status).toBe(200);
    expect(page.body.events.map(({ metadata }: any) => metadata.sequence)).toEqual(sequences);

    expectProblem(await reportOf(ada, roomId, ids[0]!), 404, 'event_not_found');
    await eventually(async () => {
      const { body } = await reportOf(ada, roomId, ids.at(-1)!);
      return body.delivery.complete && body.delivery.confirmed === 1;
    });
    await eventually(async () => (await kept(server, roomId, 'deliveries')).length <= mostKept);
    for (const sequence of await kept(server, roomId, 'deliveries')) expect(sequences).toContain(sequence);

    const late = await listen(server.url, ada, roomId, { afterSequence: oldest - 2 });
    expect(late.ofType('connection_established')[0]!.data).toMatchObject({
      resumed: false,
      replayed: 0,
      sequence: head,
    });
    const inTime = await listen(server.url, ada, roomId, { afterSequence: oldest - 1 });
    await inTime.until(() => inTime.sequences.at(-1) === head);
    expect(inTime.ofType('connection_established')[0]!.data).toMatchObject({
      resumed: true,
      replayed: sequences.length,
    });
    expect(inTime.sequences).toEqual(sequences);
    for (const listener of [hers, late, inTime]) listener.close();
  } finally {
    await server.close();
  }
});

it('presence events are not counted, up to four times the setting, and the log has no gap', async () => {
  const server = await startServer({ EVENT_RETENTION: '10' });
  try {
    const ada = await guest(server.url, 'ada');
    const { id: roomId } = await roomOf(ada);
    const raise = raiser(server, ada, roomId);
    await raise.high(10);
    const first = (await kept(server, roomId)).at(-10)!;
    for (let change = 0; change < 28; change += 1) await raise.presence();
    await raise.high();
    // One counted event more than the setting: the oldest is deleted, the presence events stay.
    await eventually(async () => (await kept(server, roomId))[0] === first + 1, 'the oldest to go');
    const held = await kept(server, roomId);
    expect(held).toEqual(held.map((_, place) => first + 1 + place));
    for (let change = 0; change < 60; change += 1) await raise.presence();
    await eventually(async () => (await kept(server, roomId)).length <= 41, 'the limit to hold');
  } finally {
    await server.close();
  }
});

it('a log that exceeds a lowered setting is pruned in batches, between which changes of the room run', async () => {
  const dataDir = await temporaryFolder();
  let server = await startServer({ DATA_DIR: dataDir, EVENT_RETENTION: '100000' });
  try {
    const before = await guest(server.url, 'ada');
    const { id: roomId } = await roomOf(before);
    const many = raiser(server, before, roomId);
    for (let change = 0; change < 100; change += 1) await many.high(100);
    const full = (await kept(server, roomId)).length;
    await server.close();

    server = await startServer({ DATA_DIR: dataDir, EVENT_RETENTION: '10' });
    const ada = person(server.url, before.token, before.user);
    const { high } = raiser(server, ada, roomId);
    const lengths: number[] = [];
    await eventually(async () => {
      await high();
      lengths.push((await kept(server, roomId)).length);
      return lengths.at(-1)! <= mostKept;
    }, 'the log to be pruned');
    // Changes went through while it was being pruned.
    const meanwhile = lengths.filter((length) => length > mostKept && length < full);
    expect(meanwhile.length).toBeGreaterThanOrEqual(3);
    expect(new Set(meanwhile).size).toBeGreaterThanOrEqual(3);
    const { sequence } = (await ada.get(`/rooms/${roomId}`)).body;
    expect((await kept(server, roomId)).at(-1)).toBe(sequence);
  } finally {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
