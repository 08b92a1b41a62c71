import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { RoomState } from '../../src/contract/index.js';
import { wav } from '../../test/support/audio.js';
import { startServer, type TestServer } from '../../test/support/server.js';
import { connect, guest, type Room, type Roomcast, RoomcastError, type RoomView } from '../src/index.js';
import { generator } from './simulation/fake-environment.js';
import { until } from './support/waiting.js';

/*
 * The state that is folded from events is the one that the server answers with at the same sequence, after any commands.
 * FOLD_SEED=<seed> repeats a run.
 */

const seed = Number(process.env['FOLD_SEED'] ?? Date.now() % 1_000_000);
const steps = 200;

let server: TestServer;
const opened: Roomcast[] = [];

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  for (const roomcast of opened) roomcast.close();
  await server.close();
});

async function newUser(name: string) {
  const { token, user } = await guest(server.url, name);
  const roomcast = connect(server.url, { token });
  opened.push(roomcast);
  return { token, user, roomcast };
}

/** While a track plays, its position depends on when it is read. */
const comparable = <T extends Pick<RoomState, 'playback'>>(state: T): T =>
  state.playback.status === 'playing' ? { ...state, playback: { ...state.playback, position: 0 } } : state;

/**
 * The folded state without what only a client has. After a track has left the history, the older one that moves up is
 * not known.
 */
function asAnswered({ my_votes: _, listening_count: __, history, ...state }: RoomView, answer: object) {
  const { history: answered } = answer as { history?: RoomView['history'] };
  return answered ? { ...state, history: [...history, ...answered.slice(history.length)] } : state;
}

it('the folded state is the one that the server answers with', async () => {
  const random = generator(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const [ada, bob, cleo] = [await newUser('ada'), await newUser('bob'), await newUser('cleo')];
  const { id } = await ada.roomcast.createRoom({ name: 'Room' });
  const users = [ada, bob, cleo];
  const rooms: Room[] = [];
  for (const { roomcast } of users) rooms.push(await roomcast.join(id));
  await rooms[0]!.updateRoom({ settings: { playback_control: 'everyone', skip_vote_share: 0.6 } });
  // Stays in the room, and only follows it.
  const follower = rooms[0]!;
  let uploads = 0;

  const anyTrack = () => {
    const { current_track, queue, history } = follower.state.current;
    const all = [...(current_track ? [current_track] : []), ...queue, ...history];
    return all[below(all.length)]?.id ?? id;
  };
  const commands: ((room: Room, who: number) => Promise<unknown>)[] = [
    (room) =>
      room.upload(new Blob([new Uint8Array(wav(20, 200 + (uploads += 1)))]), { name: `${uploads}.wav` }).done,
    (room) =>
      room.upload(new Blob([new Uint8Array(wav(20, 200 + (uploads += 1)))]), { name: `${uploads}.wav` }).done,
    (room) => room.vote(anyTrack()),
    (room) => room.vote(anyTrack()),
    (room) => room.vote(anyTrack()),
    (room) => room.unvote(anyTrack()),
    (room) => room.removeTrack(anyTrack()),
    () => follower.moveTrack(anyTrack(), 1 + below(6)),
    () => follower.moveTrack(anyTrack(), 1 + below(6)),
    (room) => room.play(random() < 0.5 ? anyTrack() : undefined),
    (room) => room.pause(),
    (room) => room.resume(),
    (room) => room.seek(below(20)),
    (room) => room.stop(),
    (room) => room.skip(),
    (room) => room.queueAgain(anyTrack()),
    (room) => room.queueAgain(anyTrack()),
    (room) => room.voteSkip(),
    (room) => room.voteSkip(),
    // Shortly before the end, so that tracks also end by themselves.
    (room) => room.seek(19.5),
    () =>
      follower.updateRoom({
        settings: {
          fair_turns: random() < 0.5,
          fallback: random() < 0.5 ? 'history' : 'off',
          repeat: (['off', 'track', 'queue'] as const)[below(3)]!,
        },
      }),
    () => follower.updateRoom({ name: `Room ${below(100)}` }),
    async (_room, who) => {
      if (who === 0) return;
      const how = below(3);
      if (how === 0) await rooms[who]!.leave();
      else if (how === 1) await follower.kick(users[who]!.user.id);
      else rooms[who]!.close();
      rooms[who] = await users[who]!.roomcast.join(id);
    },
  ];

  for (let step = 1; step <= steps; step += 1) {
    const who = below(users.length);
    const command = commands[below(commands.length)]!;
    await command(rooms[who]!, who).catch((error: unknown) => {
      if (!(error instanceof RoomcastError) || error.code === 'internal') throw error;
    });
    if (step % 10 === 0) await compare(step);
  }

  async function compare(step: number): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const headers = { authorization: `Bearer ${ada.token}` };
      const answer = await fetch(`${server.url}/api/rooms/${id}`, { headers });
      const { room, sequence } = (await answer.json()) as { room: RoomState; sequence: number };
      await until(follower.state, () => follower.sequence >= sequence, `sequence ${sequence}`);
      // Presence changes by itself; what is compared has to be of the same sequence.
      if (follower.sequence > sequence && attempt < 10) continue;
      const folded = asAnswered(follower.state.current, room);
      expect({ seed, step, ...comparable(folded) }).toEqual({ seed, step, ...comparable(room) });
      return;
    }
  }
}, 60_000);
