import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { type Envelope, eventTypes, type EventType } from '../src/contract/index.js';
import { Database } from '../src/database/database.js';
import { EventBroadcasterService } from '../src/events/event-broadcaster.service.js';
import { PlaybackStore } from '../src/playback/playback-store.js';
import { guest, type Person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen, type Listener, listenToLobby } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

const count = 500;
const largest = 2304;

// Forty and sixty characters, typical lengths of tags and file names.
const title = 'The Long and Winding Road to Nowhere, II';
const artist = 'The Philharmonic Orchestra of Somewhere.';
const album = 'Live at the Old Town Hall (Remastered 2)';
const fileName = '07 - The Long and Winding Road to Nowhere, Pt. II (live).wav';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const bytes = (event: Envelope): number => Buffer.byteLength(JSON.stringify(event));

/** A WAV file that carries its tags, as RIFF has them. */
function taggedWav(): Buffer {
  const plain = wav(1);
  const field = (id: string, text: string) => {
    const held = Buffer.from(`${text}\0`.padEnd((text.length + 2) & ~1, '\0'));
    const head = Buffer.alloc(8);
    head.write(id);
    head.writeUInt32LE(held.length, 4);
    return Buffer.concat([head, held]);
  };
  const fields = [field('INAM', title), field('IART', artist), field('IPRD', album)];
  const list = Buffer.concat([Buffer.from('LIST\0\0\0\0INFO'), ...fields]);
  list.writeUInt32LE(list.length - 8, 4);
  const whole = Buffer.concat([plain, list]);
  whole.writeUInt32LE(whole.length - 8, 4);
  return whole;
}

/** 500 participants and 500 tracks, written as the features write them. */
async function fill(ada: Person, roomId: string): Promise<void> {
  const now = Date.now() / 1000;
  const people = Array.from({ length: count - 1 }, (_, i) => ({
    id: uuid(),
    username: `Listener number ${String(i).padStart(4, '0')}`,
    username_key: null,
    password_hash: null,
    created_at: now,
  }));
  const tracks = Array.from({ length: count }, (_, i) => ({
    id: uuid(),
    room_id: roomId,
    uploader_id: people[i % people.length]!.id,
    sha256: 'a'.repeat(64),
    title,
    artist,
    album,
    original_name: fileName,
    duration: 245.123456,
    mime_type: 'audio/mpeg',
    size_bytes: 9_876_543,
    cover_sha256: 'b'.repeat(64),
    cover_mime_type: 'image/webp',
    cover_320_sha256: 'c'.repeat(64),
    cover_96_sha256: 'd'.repeat(64),
    cover_color: '#4878b8',
    integrated_lufs: -9.87,
    true_peak_db: 0.43,
    has_waveform: 1,
    status: i === 0 ? ('playing' as const) : ('queued' as const),
    placed_position: null,
    created_at: now + i / 1000,
    played_at: null,
  }));
  await server.app.get(Database).write(async (trx) => {
    for (let from = 0; from < people.length; from += 50) {
      const some = people.slice(from, from + 50);
      await trx.insertInto('users').values(some).execute();
      const rows = some.map(({ id }, i) => ({
        room_id: roomId,
        user_id: id,
        joined_at: now + (from + i) / 1000,
      }));
      await trx.insertInto('participants').values(rows).execute();
    }
    for (let from = 0; from < tracks.length; from += 50) {
      await trx
        .insertInto('tracks')
        .values(tracks.slice(from, from + 50))
        .execute();
    }
    const started_at = now;
    const playing = {
      status: 'playing' as const,
      track_id: tracks[0]!.id,
      position: 0,
      started_at,
      ends_at: started_at + 245,
      version: 1,
    };
    await server.app.get(PlaybackStore).save(trx, roomId, playing);
  });
  expect((await stateOf(ada, roomId)).room).toMatchObject({ participant_count: count });
}

it(`in a room of ${count} tracks and ${count} participants every broadcast event is under ${largest} bytes`, async () => {
  const ada = await guest(server.url, 'Ada Lovelace of London');
  const bob = await guest(server.url, 'Robert of Somewhere Else');
  const room = await roomOf(ada, [], { name: 'A room of some length for the music of a Friday night' });
  await fill(ada, room.id);
  const lobby = await listenToLobby(server.url, bob);

  const from = performance.now();
  const hers = await listen(server.url, ada, room.id);
  const connecting = performance.now() - from;
  const established = hers.ofType('connection_established')[0]!;
  expect(established.data.room!.queue).toHaveLength(count - 1);
  expect(established.data.room!.participants).toHaveLength(count);

  await bob.post(`/rooms/${room.id}/join`);
  const his = await listen(server.url, bob, room.id);
  const { body } = await bob.upload(room.id, taggedWav(), fileName);
  expect(body.track).toMatchObject({ title, artist, album, original_name: fileName });
  const path = `/rooms/${room.id}`;
  await ada.post(`/tracks/${body.track.id}/vote`);
  await ada.delete(`/tracks/${body.track.id}/vote`);
  await ada.put(`${path}/queue`, { track_id: body.track.id, queue_position: 250 });
  await ada.delete(`/tracks/${body.track.id}`);
  await ada.post(`${path}/playback/seek`, { position: 12.345 });
  await ada.post(`${path}/playback/pause`);
  await ada.post(`${path}/playback/resume`);
  await ada.post(`${path}/playback/skip`);
  await ada.post(`${path}/playback/stop`);
  await ada.post(`${path}/playback/start`);
  await ada.patch(path, { settings: { vote: 'administrator' } });
  const eve = await guest(server.url, 'Eve of a name of thirty-two char');
  await eve.post(`${path}/join`);
  await eve.post('/auth/register', { username: 'Eve, of another name as long', password: 'correct horse' });
  await hers.next('user_updated');
  his.close();
  await hers.next('user_disconnected_websocket');
  await ada.delete(`${path}/participants/${bob.user.id}?ban=true`);
  await hers.next('user_left');
  server.app
    .get(EventBroadcasterService)
    .serverStatus('degraded', 'The server is busy: what you do may take a while.');
  await Promise.all([hers.next('server_status'), lobby.next('server_status')]);
  await hers.ask('sync_report', { drift: 0.1, round_trip: 0.1, buffered: 10 });
  await hers.next('listeners_updated');
  await ada.patch(path, { settings: { skip_vote_share: 1 } });
  await hers.ask('skip_vote', {});
  await hers.ask('react', { reaction: '🎉' });
  await Promise.all([hers.next('skip_voted'), hers.next('reaction_sent')]);
  await roomOf(ada, [], { name: 'A room of some length for the music of a Friday night' });
  await lobby.next('room_created');
  await ada.delete(path);
  await Promise.all([hers.next('room_deleted'), lobby.next('room_deleted')]);

  const all = [...hers.events, ...his.events, ...lobby.events];
  const sizes = new Map<EventType, number>();
  for (const event of all) sizes.set(event.type, Math.max(sizes.get(event.type) ?? 0, bytes(event)));
  // Events to a single connection are not broadcasts.
  const broadcast = eventTypes.filter((type) => type !== 'connection_established' && type !== 'error');
  expect([...sizes.keys()].filter((type) => type !== 'connection_established').sort()).toEqual(
    [...broadcast].sort(),
  );
  const bySize = broadcast.map((type) => [type, sizes.get(type)!] as const).sort((a, b) => b[1] - a[1]);
  process.stderr.write(
    `connection_established: ${sizes.get('connection_established')} bytes, ${connecting.toFixed(0)} ms after the client began; ` +
      `biggest broadcasts: ${bySize
        .slice(0, 4)
        .map(([type, size]) => `${type} ${size}`)
        .join(', ')} bytes` +
      '\n',
  );
  expect(bySize.filter(([, size]) => size >= largest)).toEqual([]);
  expect(connecting).toBeLessThan(5000);
  for (const listener of [hers, his, lobby] as Listener[]) listener.close();
  await eventually(() => !lobby.socket.connected);
});
