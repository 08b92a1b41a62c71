import { RawClient } from '../raw-client.mjs';

const sequenceMark = '"sequence":';
const now = () => (performance.timeOrigin + performance.now()) / 1000;

/** The listener's connect timeout, as in socket.io-client. */
const connectTimeoutMs = 20_000;
/** Between the loss of a connection and the next attempt; uniformly distributed. */
const reconnectMs = { from: 200, to: 1000 };
/** Between two cuts of one listener; uniformly distributed. */
const cutMs = { from: 7500, to: 22_500 };

const between = ({ from, to }, random) => from + (to - from) * random();
/** As if cuts had been going on before: the rate of cuts is the same from the beginning. In ms. */
const untilFirstCut = (random) =>
  random() < (2 * cutMs.from) / (cutMs.from + cutMs.to)
    ? cutMs.from * random()
    : cutMs.to - (cutMs.to - cutMs.from) * Math.sqrt(random());
const isPublished = (type) => type === 'track_voted' || type.startsWith('playback_');

/**
 * One listener over all its connections, which are closed and opened again. Owned by the load generator. Subclasses
 * implement `onConnect(payload)` and `onEvent(name, payload, ackId)`: how a connection resumes, and which copies of
 * an event are applied.
 */
class Listener {
  /** Three numbers for each applied event: its sequence, when it came, and since when its connection had stood (Unix seconds). */
  received = [];
  counts = { cuts: 0, closedByServer: 0, refused: 0, resumed: 0, resets: 0, duplicates: 0, gaps: 0 };
  /** How long reconnecting took, from opening the TCP connection to being connected to the room, in ms. */
  reconnects = [];
  lastEventAt = 0;
  connectedAt;
  #client;
  #target;
  #random;
  #openedAt = 0;
  #cutTimer;
  #timer;
  #wasConnected = false;
  #whenConnected = () => {};

  constructor(target, random) {
    this.#target = target;
    this.#random = random;
  }

  /** Resolves with the first connection. */
  start() {
    return new Promise((resolve) => {
      this.#whenConnected = resolve;
      this.#open();
    });
  }

  startCuts() {
    this.#scheduleCut(untilFirstCut(this.#random));
  }

  stopCuts() {
    clearTimeout(this.#cutTimer);
  }

  get connected() {
    return this.connectedAt !== undefined;
  }

  /** What the client sends in the handshake besides the token. */
  resumeAuth() {
    return {};
  }

  confirm(ackId) {
    if (ackId !== undefined) this.#client.confirm(ackId);
  }

  apply(name, sequence) {
    this.lastEventAt = now();
    if (isPublished(name)) this.received.push(sequence, this.lastEventAt, this.connectedAt);
  }

  /** @param resumed false if the client could not resume; undefined on the first connection */
  established(resumed) {
    this.connectedAt = now();
    if (resumed === true) this.counts.resumed += 1;
    if (resumed === false) this.counts.resets += 1;
    clearTimeout(this.#timer);
    if (this.#wasConnected) this.reconnects.push((this.connectedAt - this.#openedAt) * 1000);
    this.#wasConnected = true;
    this.#whenConnected();
  }

  /** The client's own decision, or the network's. Nothing that was still to be read is read. */
  drop() {
    const client = this.#client;
    this.#client = undefined;
    this.connectedAt = undefined;
    client.destroy();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), between(reconnectMs, this.#random));
  }

  #open() {
    this.#openedAt = now();
    const { port, namespace, auth } = this.#target;
    const client = new RawClient(port, namespace, { ...auth, ...this.resumeAuth() });
    this.#client = client;
    const whileCurrent =
      (handle) =>
      (...args) => {
        if (this.#client === client) handle(...args);
      };
    client.onConnect = whileCurrent((payload) => this.onConnect(payload));
    client.onEvent = whileCurrent((name, payload, ackId) => this.onEvent(name, payload, ackId));
    client.onRefused = whileCurrent(() => this.#lost('refused'));
    client.onClose = whileCurrent(() => this.#lost('closedByServer'));
    this.#timer = setTimeout(() => this.#lost('refused'), connectTimeoutMs);
  }

  #lost(reason) {
    this.counts[reason] += 1;
    this.drop();
  }

  #scheduleCut(ms) {
    this.#cutTimer = setTimeout(() => {
      if (this.#client) {
        this.counts.cuts += 1;
        this.drop();
      }
      this.#scheduleCut(between(cutMs, this.#random));
    }, ms);
  }
}

/** Takes what comes; what is sent while it is away is lost. */
class BareListener extends Listener {
  onConnect() {
    this.established(this.connectedBefore ? false : undefined);
    this.connectedBefore = true;
  }

  onEvent(name, payload, ackId) {
    this.confirm(ackId);
    const sequence = eventSequence(payload);
    if (sequence !== undefined) this.apply(name, sequence);
  }
}

/** As socket.io-client with connection state recovery; applies an event once, by its sequence. */
class RecoveryListener extends Listener {
  #pid;
  #offset;
  #applied = new Set();

  resumeAuth() {
    return this.#pid === undefined ? {} : { pid: this.#pid, offset: this.#offset };
  }

  onConnect(payload) {
    const { pid } = JSON.parse(payload.subarray(payload.indexOf(0x7b)).toString());
    this.established(this.#pid === undefined ? undefined : pid === this.#pid);
    if (pid !== this.#pid) this.#offset = undefined;
    this.#pid = pid;
  }

  onEvent(name, payload, ackId) {
    this.confirm(ackId);
    // The offset is a string after the last argument.
    const end = payload.length - 2;
    if (payload[end] === 0x22) {
      this.#offset = payload.latin1Slice(payload.lastIndexOf(0x22, end - 1) + 1, end);
    }
    const sequence = eventSequence(payload);
    if (sequence === undefined) return;
    if (this.#applied.has(sequence)) {
      this.counts.duplicates += 1;
      return;
    }
    this.#applied.add(sequence);
    this.apply(name, sequence);
  }
}

/** The rules of the listener in README.md and the gap rule of the protocol. */
class RoomcastListener extends Listener {
  #last;

  resumeAuth() {
    return this.#last === undefined ? {} : { after_sequence: this.#last, state: 'when_needed' };
  }

  onConnect() {
    // The room's state comes first: `connection_established`.
  }

  onEvent(name, payload, ackId) {
    if (name === 'connection_established') {
      this.#establish(payload);
      return;
    }
    const sequence = eventSequence(payload);
    if (sequence > this.#last + 1) {
      this.counts.gaps += 1;
      this.drop();
      return;
    }
    this.confirm(ackId);
    if (sequence === undefined) return;
    if (sequence <= this.#last) {
      this.counts.duplicates += 1;
      return;
    }
    this.#last = sequence;
    this.apply(name, sequence);
  }

  /** The state itself is not parsed: it is large, and nothing here needs it. */
  #establish(payload) {
    const at = payload.lastIndexOf('"resumed":');
    const resumed = payload[at + '"resumed":'.length] === 0x74;
    this.established(this.#last === undefined ? undefined : resumed);
    if (!resumed) this.#last = numberAfter(payload, payload.lastIndexOf(sequenceMark, at));
  }
}

export const listeners = { bare: BareListener, recovery: RecoveryListener, roomcast: RoomcastListener };

/** The event's own sequence is in its metadata, at the end; undefined if it has none. */
function eventSequence(payload) {
  return numberAfter(payload, payload.indexOf(sequenceMark, payload.lastIndexOf('"metadata"')));
}

function numberAfter(payload, at) {
  if (at === -1) return undefined;
  const begin = at + sequenceMark.length;
  let end = begin;
  while (payload[end] >= 0x30 && payload[end] <= 0x39) end += 1;
  return Number(payload.latin1Slice(begin, end));
}
