import type { Socket } from 'socket.io';
import type { Frame } from './frame.js';

/**
 * The two places where we reach into Socket.IO 4.8 below its public interface, and why: an encoded frame is
 * written to many sockets without being encoded again (what its adapter does for a broadcast), and a
 * confirmation is matched by its number without a callback being kept for each event and socket.
 */
interface Internals {
  client: { writeToEngine(packets: string[], options: Frame['options']): void };
  onack(packet: { id: number; data: unknown[] }): void;
}

export function writeFrame(socket: Socket, frame: Frame): void {
  (socket as unknown as Internals).client.writeToEngine(frame.packets, frame.options);
}

/** Calls back for each acknowledgement that comes from the other side, instead of looking for its callback. */
export function onAcknowledgement(socket: Socket, receive: (id: number, data: unknown) => void): void {
  (socket as unknown as Internals).onack = ({ id, data }) => receive(id, data[0]);
}
