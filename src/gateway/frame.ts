import { Encoder, PacketType } from 'socket.io-parser';
import * as ws from 'ws';
import type { Envelope } from '../contract/index.js';

const encoder = new Encoder();
const textFrame = { readOnly: false, mask: false, rsv1: false, opcode: 1, fin: true };

// `ws` does not type its sender; Socket.IO's own adapter computes broadcast frames with it in the same way.
const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: typeof textFrame): Buffer[] } };

/** An event encoded once for all connections of a namespace. */
export interface Frame {
  packets: string[];
  /** What Socket.IO's client takes beside the packets. Shared: it is never changed after the first sending. */
  options: { preEncoded: true; wsPreEncodedFrame: Buffer[] };
  bytes: number;
}

/** @param ackId asks for a confirmation, which comes back under this number */
export function encodeFrame(namespace: string, envelope: Envelope, ackId?: number): Frame {
  const packet = { type: PacketType.EVENT, nsp: namespace, data: [envelope.type, envelope] };
  const packets = encoder.encode(ackId === undefined ? packet : { ...packet, id: ackId }) as string[];
  // "4" is the Engine.IO type of a message.
  const data = Buffer.from(`4${packets[0]!}`);
  return {
    packets,
    options: { preEncoded: true, wsPreEncodedFrame: Sender.frame(data, textFrame) },
    bytes: data.length,
  };
}
