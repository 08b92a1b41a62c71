import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { io } from 'socket.io-client';
import type { Envelope } from '../src/contract/index.js';
import { EventBroadcasterService } from '../src/events/event-broadcaster.service.js';
import { guest, roomOf } from './support/api.js';
import { eventually } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The used heap after garbage collection. */
async function held(): Promise<number> {
  for (let i = 0; i < 3; i += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

it('the heap grows by less than 10 % between 20,000 and 100,000 events in one room', async () => {
  const ada = await guest(server.url, 'ada');
  const bob = await guest(server.url, 'bob');
  const room = await roomOf(ada);
  const broadcaster = server.app.get(EventBroadcasterService);
  // The client stores nothing, so that only the server's memory can grow.
  let got = 0;
  let last = 0;
  let gaps = 0;
  const socket = io(`${server.url}/rooms/${room.id}`, {
    auth: { token: ada.token },
    transports: ['websocket'],
    forceNew: true,
  });
  socket.onAny((type: string, event: Envelope, confirm?: () => void) => {
    const { sequence } = event.metadata;
    confirm?.();
    if (type === 'connection_established') last = (event as Envelope<'connection_established'>).data.sequence;
    if (sequence === undefined) return;
    if (sequence !== last + 1) gaps += 1;
    last = sequence;
    got += 1;
  });
  await eventually(() => last > 0, 'the state');

  const raise = async (upTo: number) => {
    while (got < upTo) {
      for (let i = 0; i < 100; i += 1) {
        await broadcaster.roomChange(room.id, (change) => {
          for (let n = 0; n < 8; n += 1) {
            change.userActivity('user_connected_websocket', { user: bob.user, online_count: n });
          }
          // Critical events too.
          change.userActivity('user_joined', { user: bob.user, participant_count: 1 });
          change.userActivity('user_left', { user: bob.user, participant_count: 1, reason: 'left' });
          return Promise.resolve();
        });
      }
      const target = got + (1000 - (got % 1000));
      await eventually(() => got >= target, 'the events to arrive');
    }
  };
  await raise(20_000);
  const early = await held();
  await raise(100_000);
  const late = await held();
  process.stderr.write(
    `heap after 20,000 events ${(early / 2 ** 20).toFixed(1)} MiB, after 100,000 ${(late / 2 ** 20).toFixed(1)} MiB` +
      '\n',
  );
  expect(gaps).toBe(0);
  expect(got).toBeGreaterThanOrEqual(100_000);
  expect(late).toBeLessThan(early * 1.1);
  socket.disconnect();
}, 300_000);
