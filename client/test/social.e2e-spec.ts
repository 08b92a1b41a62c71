import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { wav } from '../../test/support/audio.js';
import { startServer, type TestServer } from '../../test/support/server.js';
import { connect, guest, preview, type Room, type Roomcast } from '../src/index.js';
import { until } from './support/waiting.js';

let server: TestServer;
let roomcast: Roomcast;
let room: Room;
beforeAll(async () => {
  server = await startServer();
  const { token } = await guest(server.url, 'ada');
  roomcast = connect(server.url, { token });
  const { id } = await roomcast.createRoom({ name: 'Room', visibility: 'private' });
  room = await roomcast.join(id);
});
afterAll(async () => {
  roomcast.close();
  await server.close();
});

const add = (frequency: number) =>
  room.upload(new Blob([new Uint8Array(wav(60, frequency))]), { name: `${frequency}.wav` }).done;

it('a reaction comes back as an event, and a refusal of a message is an error with its code', async () => {
  const reaction = new Promise((resolve) => room.on('reaction_sent', ({ data }) => resolve(data.reaction)));
  await room.react('🎉');
  expect(await reaction).toBe('🎉');
  await expect(room.react('🐙' as never)).rejects.toMatchObject({ code: 'invalid_field' });
  await expect(room.voteSkip()).rejects.toMatchObject({ code: 'forbidden' });
});

it('a vote to skip is shown at once, and skips; a played track is queued again at once', async () => {
  const [first, second, third] = [await add(300), await add(400), await add(500)];
  await room.updateRoom({ settings: { skip_vote_share: 1 } });
  await until(room.state, ({ queue }) => queue.length === 2, 'the tracks');
  const voted = room.voteSkip();
  expect(room.state.current.skip_voters).toEqual([room.user.id]);
  expect(await voted).toEqual({ votes: 1, needed: 1 });
  await until(room.state, ({ current_track }) => current_track?.id === second.id, 'the next track');
  expect(room.state.current.skip_voters).toEqual([]);
  const queued = room.queueAgain(first.id);
  expect(room.state.current).toMatchObject({ queue: [{ id: third.id }, { id: first.id }], history: [] });
  expect((await queued).status).toBe('queued');
  const refused = room.queueAgain(first.id);
  await expect(refused).rejects.toMatchObject({ code: 'already_queued' });
});

it('what follows the current track is known from the settings', async () => {
  const { current_track, queue } = room.state.current;
  expect(room.playback.current.next?.id).toBe(queue[0]!.id);
  await room.updateRoom({ settings: { repeat: 'track' } });
  await until(room.playback, ({ next }) => next?.id === current_track!.id, 'the repetition');
});

it('a room is previewed without a token', async () => {
  const { invite, expires_at } = await room.createInvite({ max_uses: 3 });
  expect(await preview(server.url, { invite })).toMatchObject({
    room: { id: room.id, name: 'Room', online_count: 1, listeners: ['ada'] },
    expires_at,
    uses_left: 3,
  });
  await expect(preview(server.url, { roomId: room.id })).rejects.toMatchObject({ code: 'room_not_found' });
  await room.updateRoom({ visibility: 'public' });
  expect(await roomcast.previewRoom(room.id)).toMatchObject({ id: room.id, visibility: 'public' });
  expect(await preview(server.url, { roomId: room.id })).toMatchObject({ room: { id: room.id } });
});
