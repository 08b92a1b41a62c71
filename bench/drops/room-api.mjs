import { Agent, request } from 'node:http';
import { silence } from './silence.mjs';

/** The longest page of a room's log that the API gives. */
const pageSize = 1000;
const trackSeconds = 900;

/** REST calls for one room as its administrator. The servers without Roomcast answer to the commands alone. */
export class RoomApi {
  #agent = new Agent({ keepAlive: true });
  #port;
  #token;
  #roomId;

  constructor(port, roomId, token) {
    this.#port = port;
    this.#roomId = roomId;
    this.#token = token;
  }

  /** @returns the status and the parsed body; refusals are not thrown */
  call(method, path, body) {
    const json = body !== undefined && !Buffer.isBuffer(body.content);
    const content = json ? JSON.stringify(body) : body?.content;
    const headers = {
      authorization: `Bearer ${this.#token}`,
      ...(content && {
        'content-type': json ? 'application/json' : body.type,
        'content-length': Buffer.byteLength(content),
      }),
    };
    const options = {
      agent: this.#agent,
      host: '127.0.0.1',
      port: this.#port,
      method,
      path: `/api/rooms/${this.#roomId}${path}`,
      headers,
    };
    return new Promise((resolve, reject) => {
      const sent = request(options, (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          try {
            resolve({ status: answer.statusCode, body: text === '' ? undefined : JSON.parse(text) });
          } catch (error) {
            reject(error);
          }
        });
      });
      sent.on('error', reject);
      sent.end(content);
    });
  }

  /** Uploads a track that outlasts the run; the first track of a room starts by itself. */
  async startTrack() {
    const boundary = 'drops-benchmark';
    const head = [
      `--${boundary}`,
      'Content-Disposition: form-data; name="audio_file"; filename="silence.wav"',
      'Content-Type: audio/wav',
      '',
      '',
    ].join('\r\n');
    const content = Buffer.concat([
      Buffer.from(head),
      silence(trackSeconds),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const type = `multipart/form-data; boundary=${boundary}`;
    const { status, body } = await this.call('POST', '/tracks', { content, type });
    if (status !== 201) throw new Error(`the track was refused: ${status} ${JSON.stringify(body)}`);
  }

  async sequence() {
    return (await this.#read('')).sequence;
  }

  /** What was logged since `sequenceBefore`, and what the log still holds. */
  async logFigures({ sequenceBefore, published }) {
    const sequence = await this.sequence();
    const events = [];
    let { status, body } = await this.call('GET', `/events?after=0&limit=${pageSize}`);
    if (status === 410) {
      const after = body.error.details.oldest_sequence - 1;
      ({ status, body } = await this.call('GET', `/events?after=${after}&limit=${pageSize}`));
    }
    for (;;) {
      if (status !== 200) throw new Error(`the log was refused: ${status} ${JSON.stringify(body)}`);
      events.push(...body.events);
      if (!body.more) break;
      const after = events.at(-1).metadata.sequence;
      ({ status, body } = await this.call('GET', `/events?after=${after}&limit=${pageSize}`));
    }
    const isPresence = ({ type }) => /^user_(dis)?connected_websocket$/.test(type);
    const times = events.map(({ data }) => data.timestamp);
    return {
      logged: sequence - sequenceBefore,
      presence: sequence - sequenceBefore - published,
      kept: events.length,
      keptPresence: events.filter(isPresence).length,
      keptSeconds: times.at(-1) - times[0],
    };
  }

  async #read(path) {
    const { status, body } = await this.call('GET', path);
    if (status !== 200) throw new Error(`GET ${path} was refused: ${status} ${JSON.stringify(body)}`);
    return body;
  }
}
