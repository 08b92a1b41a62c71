import type { Envelope } from '../../src/contract/index.js';
import { outboundLimits } from '../../src/delivery/backpressure.js';
import type { Connection } from '../../src/delivery/connection.js';
import type { EventSocket, OutgoingEvent } from '../../src/delivery/event-socket.js';
import { encodeBody } from '../../src/gateway/transport/event-parser.js';
import type { Lane, Scheduler } from './scheduler.js';
import type { SimulatedClient } from './simulated-client.js';
import type { SimulatedNode } from './simulated-node.js';
import { fail } from './violation.js';

/** What a client decodes from a packet's text. */
export interface Received {
  event: Envelope;
  ackId: number | undefined;
  /** What is equal in every copy. */
  essence: string;
}

/** Copies are shared by connections, so each is parsed once. */
const decoded = new WeakMap<OutgoingEvent, Received>();

function decode(outgoing: OutgoingEvent): Received {
  const known = decoded.get(outgoing);
  if (known) return known;
  const [type, event] = JSON.parse(encodeBody(outgoing.envelope)) as [string, Envelope];
  if (type !== event.type) fail(`emitted as ${type}: ${JSON.stringify(event)}`);
  const data = { ...event.data, server_time: 0 };
  const metadata = { ...event.metadata, retry_count: 0 };
  const essence = JSON.stringify([event.event_id, event.type, data, metadata]);
  const received = { event, ackId: outgoing.ackId, essence };
  decoded.set(outgoing, received);
  return received;
}

export interface LinkOptions {
  scheduler: Scheduler;
  node: SimulatedNode;
  client: SimulatedClient;
  /** As how many frames each frame counts, so that a few of them reach a limit. */
  weight: number;
  /** The client's `after_sequence`. */
  after: number | undefined;
  /** Frames that are lost although the connection stays open: proves that the checks find losses. */
  loses?: ((event: Envelope) => boolean) | undefined;
}

let links = 0;

/**
 * One connection: the server's socket with its buffer, the network in both directions, and what both sides have
 * done on it. Buffers as Engine.IO does: what is written while the transport is busy leaves together.
 */
export class Link implements EventSocket {
  readonly id = `link ${++links}`;
  connection!: Connection;
  /** Whether the server may still write to it. */
  state: 'open' | 'closing' | 'closed' = 'open';
  /** Whether the server has removed it. */
  over = false;
  endedAt: number | undefined;
  failed = false;
  /** It was sent the `user_left` of its user, which has to be its last event. */
  removed = false;
  #toReplay = 0;
  /** How often each event that asks for a confirmation was written. */
  readonly copies = new Map<number, number>();
  /** Unlogged events in the order in which the node received them, and the newest of each type. */
  readonly offered: string[] = [];
  readonly owed = new Map<string, string>();
  #buffer: { outgoing?: OutgoingEvent; sent?: (() => void) | undefined; then?: () => void }[] = [];
  #writable = true;
  #clientGone = false;
  readonly #down: Lane;
  readonly #drain: Lane;
  readonly #up: Lane;

  constructor(readonly options: LinkOptions) {
    this.#down = options.scheduler.lane();
    this.#drain = options.scheduler.lane();
    this.#up = options.scheduler.lane();
    this.stall(options.client.stalled);
  }

  get isIdle(): boolean {
    return this.#writable && this.#buffer.length === 0;
  }

  batch(write: () => void): void {
    write();
  }

  get queuedPackets(): number {
    return this.#buffer.length * this.options.weight;
  }

  get queuedBytes(): number {
    return this.queuedPackets * 700;
  }

  get progress(): unknown {
    return this.#buffer[0];
  }

  send(outgoing: OutgoingEvent, sent?: () => void): void {
    this.#account(decode(outgoing));
    if (this.state !== 'open') return;
    this.#buffer.push({ outgoing, sent });
    this.#flush();
  }

  disconnect(scope: 'namespace' | 'connection'): void {
    const { node, client } = this.options;
    const allowed = this.failed || this.removed || this.endedAt !== undefined || node.world.pruned;
    if (!allowed) fail(`${this.id} was closed (${scope}) for no reason`);
    this.endedAt ??= node.world.clock.now();
    if (this.state === 'open') {
      this.#buffer.push({ then: () => this.#clientSees(() => client.dropped(this)) });
      this.#flush();
      this.state = 'closing';
    }
    if (scope === 'namespace') this.#disconnected();
  }

  terminate(): void {
    const { client, node } = this.options;
    const slow =
      this.queuedPackets >= outboundLimits.close.packets || this.queuedBytes >= outboundLimits.close.bytes;
    if (this.endedAt === undefined && !slow) fail(`${this.id} was cut for no reason`);
    this.endedAt ??= node.world.clock.now();
    this.state = 'closed';
    this.#buffer = [];
    this.#drain.clear();
    this.#down.clear();
    this.#down.held = false;
    this.#down.push(() => this.#clientSees(() => client.dropped(this)));
    this.#up.push(() => this.#disconnected());
  }

  /** The client's side closes; the server notices it later. */
  breaks(lossy: boolean): void {
    this.#clientGone = true;
    this.#down.clear();
    if (lossy) this.#up.clear();
    // A closed socket does not block: what is written to it is discarded.
    this.#drain.held = false;
    this.#up.push(() => this.#disconnected());
  }

  /** The server's side disappears without a closing handshake, and its memory is lost. */
  vanishes(): void {
    this.state = 'closed';
    this.over = true;
    for (const lane of [this.#down, this.#drain, this.#up]) lane.clear();
    this.options.client.dropped(this);
  }

  /** Whether the client reads. */
  stall(stalled: boolean): void {
    this.#down.held = stalled;
    this.#drain.held = stalled;
  }

  confirm(ackId: number): void {
    this.#up.push(() => {
      if (!this.over) this.connection.confirm(ackId);
    });
  }

  #flush(): void {
    if (!this.#writable || this.#buffer.length === 0) return;
    const { client, loses } = this.options;
    const batch = this.#buffer;
    this.#buffer = [];
    this.#writable = false;
    for (const { outgoing, then } of batch) {
      if (outgoing) {
        const received = decode(outgoing);
        if (!loses?.(received.event)) this.#toClient(() => client.receive(this, received));
      } else this.#toClient(then!);
    }
    this.#drain.push(() => {
      this.#writable = true;
      for (const { sent } of batch) sent?.();
      this.#flush();
    });
  }

  #toClient(task: () => void): void {
    if (!this.#clientGone) this.#down.push(task);
  }

  #clientSees(task: () => void): void {
    task();
    this.#clientGone = true;
    this.#up.push(() => this.#disconnected());
  }

  #disconnected(): void {
    if (this.over) return;
    this.over = true;
    if (this.state === 'open') this.state = 'closed';
    this.options.node.detach(this);
  }

  #account({ event, ackId }: Received): void {
    const { node, client } = this.options;
    const { retry_count, sequence } = event.metadata;
    if (retry_count === 0 && event.type !== 'error') {
      if (this.removed) fail(`${this.id} was sent ${event.type} after its last event`);
      if (event.type === 'connection_established') this.#toReplay = event.data.replayed;
      else if (sequence !== undefined && this.#toReplay > 0) this.#toReplay -= 1;
      else this.removed = event.type === 'user_left' && event.data.user.id === client.user.id;
    }
    if (event.type === 'error' && event.data.code === 'delivery_failed') {
      const { sequence } = event.data.details as { sequence: number };
      const copies = this.copies.get(sequence);
      const { attempts } = node.world.limits;
      // A connection that confirms none of so many events fails, even if each of them was superseded.
      if (copies !== attempts && this.copies.size < attempts) {
        fail(`dead letter for ${sequence} on ${this.id} after ${copies} copies`);
      }
      this.failed = true;
      node.failedLinks += 1;
    }
    if (sequence !== undefined && retry_count === 0 && this.queuedPackets >= outboundLimits.close.packets) {
      fail(`${this.id} is written to beyond its budget`);
    }
    if (ackId === undefined) return;
    const before = this.copies.get(ackId) ?? 0;
    if (retry_count !== before) fail(`copy ${before} of ${ackId} on ${this.id} says retry ${retry_count}`);
    this.copies.set(ackId, before + 1);
    if (retry_count === 0) node.expected += 1;
    node.checkPlayback(this, event);
  }
}
