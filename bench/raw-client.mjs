import net from 'node:net';
import { randomBytes } from 'node:crypto';

/** What is read is looked at before anything else is: one buffer serves all connections. */
const shared = Buffer.allocUnsafe(256 * 1024);

/**
 * A Socket.IO connection in raw WebSocket frames: no parser but for what is counted, so that thousands of them
 * cost the load generator little. Knows one namespace.
 */
export class RawClient {
  /** Set by whoever wants them. */
  onEvent = () => {};
  onClose = () => {};
  /** Given the CONNECT packet, as a Buffer that is valid for this call only. */
  onConnect = () => {};
  onRefused = (payload) => {
    throw new Error(`refused: ${payload.toString()}`);
  };
  #socket;
  #rest = Buffer.alloc(0);
  #upgraded = false;

  constructor(port, namespace, auth) {
    this.namespace = namespace;
    this.auth = auth;
    const onread = { buffer: shared, callback: (length) => this.#read(shared.subarray(0, length)) };
    this.#socket = net.connect({ port, host: '127.0.0.1', noDelay: true, onread }, () => {
      const key = randomBytes(16).toString('base64');
      this.#socket.write(
        'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n' +
          `Connection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
    });
    this.#socket.on('close', () => this.onClose());
    this.#socket.on('error', () => {});
  }

  confirm(ackId) {
    this.#send(`43${this.namespace},${ackId}[]`);
  }

  /** A message without anything in it, as clients send them. */
  say(name) {
    this.#send(`42${this.namespace},["${name}",{}]`);
  }

  destroy() {
    this.#socket.destroy();
  }

  /** Keeps nothing of the chunk itself. */
  #read(chunk) {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#upgraded) {
      const end = data.indexOf('\r\n\r\n');
      if (end === -1) {
        this.#rest = Buffer.from(data);
        return;
      }
      this.#upgraded = true;
      data = data.subarray(end + 4);
    }
    let at = 0;
    while (data.length - at >= 2) {
      let length = data[at + 1] & 0x7f;
      let header = 2;
      if (length === 126) {
        if (data.length - at < 4) break;
        length = data.readUInt16BE(at + 2);
        header = 4;
      } else if (length === 127) {
        if (data.length - at < 10) break;
        length = Number(data.readBigUInt64BE(at + 2));
        header = 10;
      }
      if (data.length - at < header + length) break;
      this.#frame(data[at] & 0x0f, data.subarray(at + header, at + header + length));
      at += header + length;
    }
    this.#rest = at === data.length ? Buffer.alloc(0) : Buffer.from(data.subarray(at));
  }

  #frame(opcode, payload) {
    if (opcode === 9) return this.#send(payload, 10);
    if (opcode === 8) return void this.#socket.end();
    const kind = payload[0];
    // Engine.IO: 0 open, 2 ping, 4 message; Socket.IO: 0 connected, 2 event, 4 refused.
    if (kind === 0x30) return this.#send(`40${this.namespace},${JSON.stringify(this.auth)}`);
    if (kind === 0x32) return this.#send('3');
    if (kind !== 0x34) return undefined;
    if (payload[1] === 0x34) return this.onRefused(payload);
    if (payload[1] === 0x30) return this.onConnect(payload);
    if (payload[1] !== 0x32) return undefined;
    const begin = payload.indexOf(0x2c) + 1;
    let ackId;
    let digit = begin;
    while (payload[digit] >= 0x30 && payload[digit] <= 0x39) digit += 1;
    if (digit > begin) ackId = Number(payload.latin1Slice(begin, digit));
    const name = payload.latin1Slice(digit + 2, payload.indexOf(0x22, digit + 2));
    return this.onEvent(name, payload, ackId);
  }

  /** Client frames must be masked; a mask of zeros leaves the payload as it is. What is sent here is ASCII. */
  #send(data, opcode = 1) {
    const { length } = data;
    const header = length < 126 ? 6 : 8;
    const frame = Buffer.allocUnsafe(header + length);
    frame[0] = 0x80 | opcode;
    if (header === 6) frame[1] = 0x80 | length;
    else {
      frame[1] = 0xfe;
      frame.writeUInt16BE(length, 2);
    }
    frame.fill(0, header - 4, header);
    if (typeof data === 'string') frame.latin1Write(data, header);
    else data.copy(frame, header);
    this.#socket.write(frame);
  }
}
