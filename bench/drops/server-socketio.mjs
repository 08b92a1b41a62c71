import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { envelopeData } from '../payload.mjs';
import { serve } from '../serve.mjs';

/**
 * The same fan-out without Roomcast. Without an argument each event is one `emit`: who is not connected misses it.
 * With the argument `recovery`, connection state recovery replays what was emitted while a client was away, and
 * playback events are sent to each known session with `emitWithAck`, a timeout and retries (recovery does not
 * store packets that ask for an acknowledgement).
 */
const recovery = process.argv[2] === 'recovery';
const recoveryMs = 120_000;
/** As in Roomcast: CONFIRMATION_TIMEOUT_MS and CONFIRMATION_ATTEMPTS. */
const ackTimeoutMs = 5000;
const attempts = 3;
/** A session that is away is tried again after this; it does not count as an attempt. */
const awayRetryMs = 1000;

const http = createServer(answerCommand);
const io = new Server(http, {
  perMessageDeflate: false,
  serveClient: false,
  ...(recovery && { connectionStateRecovery: { maxDisconnectionDuration: recoveryMs } }),
});
const roomId = randomUUID();
const room = io.of(`/rooms/${roomId}`);
/** Ids of the sockets that are connected or can still be recovered; a recovered socket keeps its id. */
const sessions = new Set();
let sequence = 0;

if (recovery) {
  room.on('connection', (socket) => {
    sessions.add(socket.id);
    // Stored and replayed like any event, so that a client has an offset from its first moment on.
    if (!socket.recovered) socket.emit('connection_established', {});
    socket.on('disconnect', () => {
      const forget = () => room.sockets.has(socket.id) || sessions.delete(socket.id);
      setTimeout(forget, recoveryMs).unref();
    });
  });
}

serve(http, {
  io: () => io,
  setup: ({ listeners }) => ({
    targets: Array.from({ length: listeners }, () => ({ namespace: room.name, auth: { token: 'any' } })),
  }),
  sequences: () => ({ [room.name]: sequence }),
  raise: async () => publish('track_voted').metadata.sequence,
});

function publish(type) {
  const critical = type !== 'track_voted';
  const timestamp = (performance.timeOrigin + performance.now()) / 1000;
  const event = {
    event_id: randomUUID(),
    type,
    data: { room_id: roomId, timestamp, ...envelopeData(type), server_time: timestamp },
    metadata: {
      priority: critical ? 'critical' : 'high',
      requires_confirmation: critical,
      retry_count: 0,
      created_at: timestamp,
      sequence: ++sequence,
    },
  };
  if (recovery && critical) for (const id of sessions) void deliver(id, type, event);
  else room.emit(type, event);
  return event;
}

async function deliver(id, type, event) {
  for (let attempt = 0; attempt < attempts;) {
    if (!sessions.has(id)) return;
    const socket = room.sockets.get(id);
    if (!socket) {
      await new Promise((resolve) => setTimeout(resolve, awayRetryMs));
      continue;
    }
    attempt += 1;
    try {
      await socket.timeout(ackTimeoutMs).emitWithAck(type, event);
      return;
    } catch {
      // Not acknowledged in time: the next attempt.
    }
  }
}

/** `POST /api/rooms/<id>/playback/<command>`, answered as Roomcast does. */
function answerCommand(request, response) {
  const [, command] = /\/playback\/(pause|resume|seek)$/.exec(request.url) ?? [];
  request.resume();
  request.on('end', () => {
    if (!command) {
      response.writeHead(404).end();
      return;
    }
    const type = { pause: 'playback_paused', resume: 'playback_resumed', seek: 'playback_seeked' }[command];
    const { event_id, data, metadata } = publish(type);
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ playback: data.playback, event: { event_id, sequence: metadata.sequence } }),
    );
  });
}
