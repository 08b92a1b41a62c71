import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { Server } from 'socket.io';
import { serve } from './serve.mjs';
import { envelopeData } from './payload.mjs';

/** What is written by hand otherwise: Socket.IO namespaces, the last events of each in an array for who returns. */
const kept = 1000;
const http = createServer();
const io = new Server(http, {
  perMessageDeflate: false,
  cleanupEmptyChildNamespaces: true,
  serveClient: false,
});
const rooms = new Map();
const names = [];
const now = () => (performance.timeOrigin + performance.now()) / 1000;

io.of(/^\/rooms\/[^/]+$/).on('connection', (socket) => {
  const room = rooms.get(socket.nsp.name);
  const { after_sequence: after } = socket.handshake.auth;
  socket.emit('connection_established', { sequence: room.sequence });
  if (after === undefined) return;
  for (const event of room.events) if (event.metadata.sequence > after) socket.emit(event.type, event);
});

serve(http, {
  io: () => io,
  setup({ rooms: count, listeners }) {
    const targets = [];
    for (let i = 0; i < count; i += 1) names.push(`/rooms/${randomUUID()}`);
    for (const name of names) rooms.set(name, { sequence: 0, events: [] });
    for (let i = 0; i < listeners; i += 1)
      targets.push({ namespace: names[i % count], auth: { token: 'any' } });
    return { targets };
  },
  sequences: () => Object.fromEntries([...rooms].map(([name, { sequence }]) => [name, sequence])),
  raise(index, confirmed) {
    const name = names[index % names.length];
    const room = rooms.get(name);
    const type = confirmed ? 'playback_seeked' : 'track_voted';
    const timestamp = now();
    const event = {
      event_id: randomUUID(),
      type,
      data: { room_id: name.slice(7), timestamp, ...envelopeData(type), server_time: timestamp },
      metadata: {
        priority: confirmed ? 'critical' : 'high',
        requires_confirmation: confirmed,
        retry_count: 0,
        created_at: timestamp,
        sequence: ++room.sequence,
      },
    };
    room.events.push(event);
    if (room.events.length > kept) room.events.shift();
    if (confirmed) return io.of(name).timeout(10_000).emitWithAck(type, event);
    io.of(name).emit(type, event);
    return undefined;
  },
});
