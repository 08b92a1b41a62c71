import * as ws from 'ws';
import type { Envelope } from '../../../contract/index.js';

const textFrame = { readOnly: false, mask: false, rsv1: false, opcode: 1, fin: true };

// `ws` does not type its sender; Socket.IO's own adapter computes broadcast frames with it in the same way.
const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: typeof textFrame): Buffer[] } };

/** An event encoded once for all connections of a namespace. */
export interface Frame {
  /** The Socket.IO packet, for transports other than WebSocket. */
  packet: string;
  /** The whole WebSocket frame. */
  bytes: Buffer;
  /** What Engine.IO takes beside the packet. Shared by all who get the frame. */
  options: { wsPreEncodedFrame: Buffer[] };
}

/**
 * Socket.IO's text form of an event (protocol 5): `2`, the namespace and a comma unless it is `/`, the number of the
 * acknowledgement, the arguments. Its own encoder would look through the whole payload for binary, of which there is
 * none.
 * @param ackId asks for a confirmation, which comes back under this number
 */
export function encodeFrame(namespace: string, envelope: Envelope, ackId?: number): Frame {
  const address = namespace === '/' ? '' : `${namespace},`;
  const packet = `2${address}${ackId ?? ''}${JSON.stringify([envelope.type, envelope])}`;
  // "4" is the Engine.IO type of a message. One piece costs one write; Socket.IO's adapter makes two of it.
  const bytes = Buffer.concat(Sender.frame(Buffer.from(`4${packet}`), textFrame));
  return { packet, bytes, options: { wsPreEncodedFrame: [bytes] } };
}
