import { type Attack, type Attempt, every, persistently, pour, replayMessage } from './attack.js';
import { frame, frames, openRoom, openWebSocket, type RawWebSocket } from './raw-websocket.js';

const connections = 20;
const framesPerWrite = 200;

/** On each connection to the large room: `work`, until the connection or the attack ends. */
const inLargeRoom =
  (work: (socket: RawWebSocket, attempt: Attempt, prefix: string) => Promise<void>): Attack =>
  (attempt) => {
    const { largeRoomId } = attempt.target;
    return persistently(connections, attempt, async (index) => {
      const socket = await openRoom(attempt, largeRoomId, index);
      await work(socket, attempt, `/rooms/${largeRoomId},`);
      await socket.close();
    });
  };

/** A number of messages a second on each connection. */
const atRate = (perSecond: number, message: (attempt: Attempt) => string, read: boolean): Attack =>
  inLargeRoom(async (socket, attempt, prefix) => {
    if (read) socket.discard();
    else socket.stopReading();
    const batch = frames(`42${prefix}1${message(attempt)}`, perSecond / 10);
    await every(100, socket.tcp, attempt, () => {
      socket.tcp.write(batch);
      attempt.counts.sent += perSecond / 10;
    });
  });

/** Packets as fast as the connection takes them. */
const poured = (packet: (prefix: string) => string): Attack =>
  inLargeRoom(async (socket, attempt, prefix) => {
    socket.discard();
    await pour(socket.tcp, frames(packet(prefix), framesPerWrite), framesPerWrite, attempt);
  });

export const replayUnread = atRate(100, replayMessage, false);
export const roomState = atRate(90, () => '["room_state",{}]', true);
export const timeSync = poured((prefix) => `42${prefix}1["time_sync",{}]`);
export const unknownMessages = poured((prefix) => `42${prefix}1["no_such_message",{}]`);
/** Confirmations of events that were never sent. */
export const acknowledgements = poured((prefix) => `43${prefix}999999[]`);

/** The server answers each ping with a pong of the same size. */
export const webSocketPings: Attack = inLargeRoom(async (socket, attempt) => {
  socket.stopReading();
  await pour(socket.tcp, frames('x'.repeat(125), framesPerWrite, 'ping'), framesPerWrite, attempt);
});

/** CONNECT packets for many rooms on a WebSocket without a token. */
export const connectPackets: Attack = (attempt) => {
  const batch = Buffer.concat(
    Array.from({ length: framesPerWrite }, (_, index) => frame(`40/rooms/x${index},{}`)),
  );
  return persistently(connections, attempt, async () => {
    const socket = await openWebSocket(attempt);
    socket.discard();
    await pour(socket.tcp, batch, framesPerWrite, attempt);
  });
};

/** Four guests who enter and leave the healthy clients' room cleanly, as fast as they are admitted. */
export const reconnects: Attack = (attempt) => {
  const { counts, signal, target } = attempt;
  return persistently(4, attempt, async (index) => {
    while (!signal.aborted) {
      const socket = await openRoom(attempt, target.healthyRoomId, index);
      counts.sent += 1;
      socket.send(`41/rooms/${target.healthyRoomId},`);
      await socket.close();
    }
  });
};
