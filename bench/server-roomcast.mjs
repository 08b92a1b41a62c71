import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthService } from '../build/auth/auth.service.js';
import { Clock } from '../build/config/clock.js';
import { readSettings } from '../build/config/settings.js';
import { Database } from '../build/database/database.js';
import { EventBroadcasterService } from '../build/events/event-broadcaster.service.js';
import { SocketAdapter } from '../build/gateway/socket-adapter.js';
import { SocketTransport } from '../build/gateway/transport/socket-transport.js';
import { RoomsService } from '../build/rooms/rooms.service.js';
import { createServer } from '../build/server.js';
import { envelopeData } from './payload.mjs';
import { serve } from './serve.mjs';

/** Roomcast itself, whole: a change is written to the database and the log before it goes out. */
const DATA_DIR = mkdtempSync(join(tmpdir(), 'roomcast-bench-'));
process.on('exit', () => rmSync(DATA_DIR, { recursive: true, force: true }));
let io;
const { createIOServer } = SocketAdapter.prototype;
SocketAdapter.prototype.createIOServer = function (...args) {
  return (io = createIOServer.apply(this, args));
};
const app = await createServer(
  readSettings({
    DATA_DIR,
    LOG_LEVEL: 'error',
    RATE_LIMIT: 'off',
    PORT: '0',
    HOST: '127.0.0.1',
    TRANSPORT: process.env.TRANSPORT,
  }),
);
// Finer than the milliseconds of the contract, so that latencies can be told apart.
app.get(Clock).now = () => (performance.timeOrigin + performance.now()) / 1000;
const broadcaster = app.get(EventBroadcasterService);
/** A user has several connections if there are more listeners than this. */
const defaultUsers = 250;
const rooms = [];
await app.init();
const wanted = process.env.TRANSPORT ?? 'fast';
const { kind } = app.get(SocketTransport);
if (kind !== wanted) throw new Error(`void: the transport is ${kind}, not ${wanted}`);

serve(app.getHttpServer(), {
  io: () => io,
  async setup({ rooms: count, listeners, users = defaultUsers }) {
    const people = [];
    for (let i = 0; i < Math.min(users, listeners); i += 1)
      people.push(await app.get(AuthService).guest(`user ${i}`));
    const { db } = app.get(Database);
    for (let i = 0; i < count; i += 1) {
      const { room } = await app.get(RoomsService).create(people[0].user, { name: `Room ${i}` });
      rooms.push(room.id);
    }
    const targets = [];
    const joined = new Set();
    for (let i = 0; i < listeners; i += 1) {
      const room_id = rooms[i % count];
      const { user, token } = people[Math.floor(i / count) % people.length];
      const key = `${room_id} ${user.id}`;
      if (user !== people[0].user && !joined.has(key)) {
        joined.add(key);
        await db.insertInto('participants').values({ room_id, user_id: user.id, joined_at: i }).execute();
      }
      targets.push({ namespace: `/rooms/${room_id}`, auth: { token } });
    }
    return { targets };
  },
  async sequences() {
    const rows = await app.get(Database).db.selectFrom('rooms').select(['id', 'sequence']).execute();
    return Object.fromEntries(rows.map(({ id, sequence }) => [`/rooms/${id}`, sequence]));
  },
  raise(index, confirmed) {
    const type = confirmed ? 'playback_seeked' : 'track_voted';
    return broadcaster.roomChange(rooms[index % rooms.length], async (change) => {
      const data = envelopeData(type);
      const event = confirmed ? change.playbackActivity(type, data) : change.trackActivity(type, data);
      return event.metadata.sequence;
    });
  },
});
