import { cp, rm } from 'node:fs/promises';
import { guest, type Person, request, roomOf, stateOf } from '../support/api.js';
import { wav } from '../support/audio.js';
import { type ServerProcess, spawnServer, temporaryFolder } from '../support/server.js';
import type { Target } from './attack.js';
import type { HealthyPerson, Place } from './healthy-client.js';
import { repeated } from './repeated.js';

/** The data that each flood begins with, made once and copied. */
export interface Scene {
  /** A copy of the data folder. */
  copy(): Promise<string>;
  target: Omit<Target, 'port'>;
  place: Omit<Place, 'port'>;
  people: HealthyPerson[];
  administrator: Pick<Person, 'token' | 'user'>;
  remove(): Promise<void>;
}

const healthyCount = 20;
const attackerCount = 20;
const participants = 300;
const tracks = 400;
const freshGuests = 400;
/** Of the large room's log, so few that it still holds them after attackers have connected and left for a while. */
const replayed = 600;
const requestsAtOnce = 20;
/** The server inspects few files at once and refuses when too many wait. */
const uploadsAtOnce = 2;

async function inParallel<T>(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

const created = async <T extends { status: number }>(ask: () => Promise<T>): Promise<T> => {
  const given = await repeated(ask);
  if (given.status >= 300) throw new Error(`the scene could not be made: ${JSON.stringify(given)}`);
  return given;
};

export async function makeScene(): Promise<Scene> {
  const folder = await temporaryFolder();
  const server = await spawnServer({ DATA_DIR: folder, LOG_LEVEL: 'info' });
  try {
    const guests = (name: string, count: number) =>
      inParallel(count, requestsAtOnce, () => repeated(() => guest(server.url, name)));
    const attackers = await guests('attacker', attackerCount);
    const healthy = await guests('healthy', healthyCount);
    const fresh = await guests('fresh', freshGuests);
    const registeredUsername = 'registered';
    await created(() =>
      request(server.url, 'POST', '/auth/register', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: registeredUsername, password: 'the right password' }),
      }),
    );
    const large = await largeRoom(server, attackers);
    const room = await healthyRoom(healthy, attackers);
    const administrator = healthy[0]!;
    return {
      copy: async () => {
        const copied = await temporaryFolder();
        await cp(folder, copied, { recursive: true });
        return copied;
      },
      target: {
        ...large,
        healthyRoomId: room.roomId,
        tokens: attackers.map(({ token }) => token),
        freshTokens: fresh.map(({ token }) => token),
        registeredUsername,
      },
      place: { roomId: room.roomId, streamId: room.streamId },
      people: healthy.map(({ token }, index) => ({
        token,
        does:
          index === 0
            ? { kind: 'pauses' }
            : { kind: 'votes', trackId: room.votedIds[index % room.votedIds.length]! },
      })),
      administrator: { token: administrator.token, user: administrator.user },
      remove: () => rm(folder, { recursive: true, force: true }),
    };
  } finally {
    await server.end('SIGTERM');
  }
}

async function largeRoom(server: ServerProcess, attackers: Person[]) {
  const owner = await repeated(() => guest(server.url, 'owner'));
  const room = await roomOf(owner, attackers, { name: 'Large' });
  await inParallel(participants - attackers.length - 1, requestsAtOnce, async (index) => {
    const participant = await repeated(() => guest(server.url, `participant ${index}`));
    await created(() => participant.post(`/rooms/${room.id}/join`));
  });
  // Long enough not to end during the test.
  const first = await created(() => owner.upload(room.id, wav(1200), 'long.wav'));
  await inParallel(tracks, uploadsAtOnce, async (index) => {
    await created(() => owner.upload(room.id, wav(0.5, 100 + index), `track ${index}.wav`));
  });
  const { sequence } = await stateOf(owner, room.id);
  return { largeRoomId: room.id, largeTrackId: first.body.track.id, replayFrom: sequence - replayed };
}

async function healthyRoom([administrator, ...others]: Person[], attackers: Person[]) {
  const owner = administrator!;
  const room = await roomOf(owner, [...others, ...attackers], { name: 'Healthy' });
  const playing = await created(() => owner.upload(room.id, wav(1200, 300), 'playing.wav'));
  const queued = await inParallel(10, uploadsAtOnce, (index) =>
    created(() => owner.upload(room.id, wav(1, 500 + index), `queued ${index}.wav`)),
  );
  return {
    roomId: room.id,
    streamId: playing.body.track.id,
    votedIds: queued.map(({ body }) => body.track.id),
  };
}
