import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { guest, roomOf } from './support/api.js';
import { wav } from './support/audio.js';
import { listen } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

it('two users create, join and listen to a room, and receive its events in order', async () => {
  const ada = await guest(server.url, 'ada');
  const bob = await guest(server.url, 'bob');
  const room = await roomOf(ada);
  const hers = await listen(server.url, ada, room.id);
  await bob.post(`/rooms/${room.id}/join`);
  const his = await listen(server.url, bob, room.id);
  const uploaded = await bob.upload(room.id, wav(30), 'song.wav');
  expect(uploaded.status).toBe(201);
  expect(uploaded.body.track.status).toBe('playing');
  await ada.post(`/rooms/${room.id}/playback/pause`);
  await hers.next('playback_paused');
  await his.next('playback_paused');
  expect(his.logged.map(({ type }) => type)).toEqual(['track_added', 'playback_started', 'playback_paused']);
  expect(hers.sequences).toEqual(hers.sequences.map((_, index) => hers.sequences[0]! + index));
  hers.close();
  his.close();
});
