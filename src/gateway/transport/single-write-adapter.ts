import { Adapter } from 'socket.io-adapter';

interface PacketOptions {
  wsPreEncodedFrame?: Buffer[];
}

/** Called by Socket.IO's adapter to encode a packet once for a broadcast. Private in its types. */
interface Encoding {
  _encode(packet: unknown, options: PacketOptions): unknown[];
}

/**
 * Socket.IO's in-memory adapter, with the pre-encoded frame of a broadcast in one buffer instead of header and payload:
 * each socket then takes one `write` instead of `writev`, which costs the kernel more. If a later version of the
 * adapter encodes in another way, broadcasts work as without this class.
 */
export class SingleWriteAdapter extends Adapter {}

const original = Adapter.prototype as unknown as Encoding;
const encoding: Encoding = {
  _encode(packet, options) {
    const encoded = original._encode.call(this, packet, options);
    const { wsPreEncodedFrame: frame } = options;
    if (frame && frame.length > 1) options.wsPreEncodedFrame = [Buffer.concat(frame)];
    return encoded;
  },
};
Object.assign(SingleWriteAdapter.prototype, encoding);
