import * as ws from 'ws';
import type { OutgoingEvent } from '../../../delivery/event-socket.js';
import { encodeBody } from '../event-parser.js';

const textFrame = { readOnly: false, mask: false, rsv1: false, opcode: 1, fin: true };

// Not in the types of `ws`; Socket.IO's own adapter computes broadcast frames with it in the same way.
const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: typeof textFrame): Buffer[] } };

/**
 * Added to the numbers of our confirmations, so that they do not collide with those that Socket.IO gives to
 * acknowledgement callbacks, which it counts from 0. Within 31 bits, as some clients read the number into such an
 * integer.
 */
export const ackIdBase = 1_000_000_000;

/** An event encoded for all connections that are sent the same copy. */
export interface Frame {
  /** The Socket.IO packet, for transports other than WebSocket. */
  packet: string;
  /** The whole WebSocket frame. */
  bytes: Buffer;
  /** The options of Engine.IO's `write`. Shared by all connections that are sent the frame. */
  options: { wsPreEncodedFrame: Buffer[] };
}

/**
 * Encodes an event in the Socket.IO protocol 5: `2`, the namespace and a comma unless it is `/`, the number of the
 * acknowledgement, the arguments.
 */
export function encodeFrame({ namespace, envelope, ackId }: OutgoingEvent): Frame {
  const address = namespace === '/' ? '' : `${namespace},`;
  const id = ackId === undefined ? '' : ackIdBase + ackId;
  const packet = `2${address}${id}${encodeBody(envelope)}`;
  // "4" is Engine.IO's type of a message. In one buffer, so that it is one write to the TCP socket.
  const bytes = Buffer.concat(Sender.frame(Buffer.from(`4${packet}`), textFrame));
  return { packet, bytes, options: { wsPreEncodedFrame: [bytes] } };
}

/** The frame of an event, encoded on first use. */
export const frameOf = (event: OutgoingEvent): Frame => (event.encoded ??= encodeFrame(event)) as Frame;
