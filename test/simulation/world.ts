import { v7 as uuid } from 'uuid';
import { Clock } from '../../src/config/clock.js';
import type { Envelope, User } from '../../src/contract/index.js';
import type { Database } from '../../src/database/database.js';
import { defaultSettings } from '../../src/rooms/rooms.reader.js';
import { makeEvent } from '../../src/events/envelope.js';
import type { RoomChange } from '../../src/events/room-change.js';
import type { Command, Kind, Scenario } from './commands.js';
import { Link, type LinkOptions } from './link.js';
import { Random, Scheduler } from './scheduler.js';
import { SimulatedBus } from './simulated-bus.js';
import { SimulatedClient } from './simulated-client.js';
import { SimulatedNode } from './simulated-node.js';
import { fail, forgetViolations, throwFirstViolation } from './violation.js';

class SimulatedClock extends Clock {
  time = 1_700_000_000;

  override now(): number {
    return this.time;
  }
}

/** As in the server's timer, in seconds. */
const sweepEvery = 0.05;
/** In sweeps: until no step is pending, and for how long nothing may happen then: longer than the check interval. */
const patience = 400;
const quietFor = 25;

/** One room with its nodes, its clients, and the bus and networks between them. */
export class World {
  readonly roomId = uuid();
  readonly clock = new SimulatedClock();
  readonly limits = { timeoutSeconds: 0.5, attempts: 3 };
  readonly retention: number;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly bus = new SimulatedBus(this);
  readonly nodes: SimulatedNode[];
  readonly clients: SimulatedClient[];
  /** Events up to this sequence may have been pruned. */
  prunedUpTo: number;
  head: number;
  #raised = 0;
  #failure: unknown;
  /** What has to be equal in all copies of an event, by sequence. */
  readonly #essences = new Map<number, string>();
  readonly #ids = new Map<number, string>();

  constructor(
    readonly database: Database,
    private readonly scenario: Scenario,
    private readonly loses?: LinkOptions['loses'],
  ) {
    this.random = new Random(scenario.seed);
    this.scheduler = new Scheduler(this.random);
    this.retention = scenario.retention;
    this.head = scenario.start;
    this.prunedUpTo = scenario.start;
    this.nodes = Array.from({ length: scenario.nodes }, () => new SimulatedNode(this));
    // The first two are tabs of one user.
    this.clients = scenario.manners.map(
      (manner, index) =>
        new SimulatedClient(`client ${index} (${manner})`, person(index < 2 ? 0 : index), manner, this),
    );
  }

  /** @throws {Violation} if a guarantee of the protocol does not hold */
  async run(): Promise<void> {
    const { db } = this.database;
    forgetViolations();
    await db
      .insertInto('rooms')
      .values({
        id: this.roomId,
        name: '',
        visibility: 'public',
        administrator_id: null,
        ...defaultSettings,
        sequence: this.head,
        epoch: 'epoch',
        created_at: this.clock.now(),
      })
      .execute();
    try {
      for (const command of this.scenario.commands) await this.#do(command);
      await this.#becomeQuiet();
      this.#checkQuiet();
      await this.#checkSlots();
    } finally {
      await db.deleteFrom('rooms').where('id', '=', this.roomId).execute();
    }
  }

  link(node: SimulatedNode, client: SimulatedClient): Link {
    const { scheduler, loses } = this;
    return new Link({ scheduler, node, client, weight: this.scenario.weight, after: client.last, loses });
  }

  /** Called at the moment of a commit. */
  committed(change: RoomChange): void {
    for (const { event } of change.outgoing) {
      const { sequence } = event.metadata;
      if (sequence === undefined) continue;
      if (sequence !== this.head + 1) fail(`${sequence} was committed after ${this.head}`);
      this.head = sequence;
      this.#ids.set(sequence, event.event_id);
    }
    this.prunedUpTo = Math.max(this.prunedUpTo, this.head - this.scenario.retention);
  }

  /** Whether a node may have found a gap whose events were pruned. */
  get pruned(): boolean {
    return this.prunedUpTo > this.scenario.start;
  }

  sameForAll(sequence: number, essence: string): void {
    const known = this.#essences.get(sequence);
    if (known === undefined) {
      if (!essence.includes(this.#ids.get(sequence) ?? 'no such event')) {
        fail(`${sequence} is not what was committed`);
      }
      this.#essences.set(sequence, essence);
    } else if (known !== essence) fail(`two copies of ${sequence} differ: ${known} and ${essence}`);
  }

  /** Identifies an unlogged event; `server_status` is a new event for each room. */
  tokenOf(event: Envelope): string {
    return event.type === 'server_status' ? event.data.message : event.event_id;
  }

  async #do(command: Command): Promise<void> {
    this.#act(command);
    await this.#go(command.steps);
  }

  async #go(steps: number): Promise<void> {
    await this.scheduler.run(steps);
    throwFirstViolation();
    if (this.#failure) throw this.#failure as Error;
  }

  #act(command: Command): void {
    switch (command.name) {
      case 'raise': {
        const node = this.#node(command.node);
        if (node?.alive) this.#raise(node, command.kinds, command.fails);
        return;
      }
      case 'remove': {
        const node = this.#node(command.node);
        if (node?.alive) this.#remove(this.#client(command.client), node);
        return;
      }
      case 'connect': {
        const node = this.#node(command.node);
        if (node?.alive) this.#connect(this.#client(command.client), node);
        return;
      }
      case 'cut':
        this.#client(command.client).cut(command.lossy);
        return;
      case 'stall':
        this.#client(command.client).stall(command.stalled);
        return;
      case 'crash': {
        this.#node(command.node)?.crash();
        return;
      }
      case 'restart':
        this.#restart(command.node % this.nodes.length);
        return;
      case 'bus':
        this.bus.mode = command.mode;
        return;
      case 'status': {
        const node = this.#node(command.node);
        if (node?.alive) node.broadcaster.serverStatus('degraded', `status ${++this.#raised}`);
        return;
      }
      case 'low':
        this.#low(this.#node(command.node));
        return;
      case 'prune': {
        const node = this.#node(command.node);
        if (!node?.alive) return;
        this.prunedUpTo = Math.max(this.prunedUpTo, this.head - command.keep);
        node.prune(command.keep, this.head);
        return;
      }
      case 'advance':
        for (let sweep = 0; sweep < command.sweeps; sweep += 1) this.#sweep();
        return;
      case 'go':
    }
  }

  #node(which: number): SimulatedNode | undefined {
    return this.nodes[which % this.nodes.length];
  }

  #client(which: number): SimulatedClient {
    return this.clients[which % this.clients.length]!;
  }

  #connect(client: SimulatedClient, node: SimulatedNode): void {
    if (client.link) return;
    node.enter(client).catch((error: unknown) => (this.#failure ??= error));
  }

  #remove({ user }: SimulatedClient, node: SimulatedNode): void {
    node
      .raise((change) => {
        change.userActivity('user_left', { user, participant_count: 1, reason: 'kicked' });
      })
      .catch((error: unknown) => (this.#failure ??= error));
  }

  #restart(which: number): void {
    if (!this.nodes[which]!.alive) this.nodes[which] = new SimulatedNode(this);
  }

  #raise(node: SimulatedNode, kinds: readonly Kind[], fails: boolean): void {
    node
      .raise((change) => {
        for (const kind of kinds) raiseOne(change, kind);
        if (fails) throw new Error('rolled back');
      })
      .catch((error: unknown) => {
        if (!fails) this.#failure ??= error;
      });
  }

  /** No type is `low` yet, but delivery supports the priority. */
  #low(node: SimulatedNode | undefined): void {
    const { roomId } = this;
    const data = { track_id: someone.id, queue_position: 1, user: someone };
    const event = makeEvent('queue_reordered', roomId, this.clock.now(), data);
    node?.arrives({
      to: 'room',
      roomId,
      event: { ...event, metadata: { ...event.metadata, priority: 'low' } },
    });
  }

  #sweep(): void {
    this.clock.time += sweepEvery;
    for (const node of this.nodes) if (node.alive) node.sweep();
    for (const client of this.clients) client.tick(this.clock.time);
  }

  async #becomeQuiet(): Promise<void> {
    this.bus.mode = 'well';
    for (const which of this.nodes.keys()) this.#restart(which);
    for (const client of this.clients) client.stall(false);
    for (let sweep = 0, quiet = 0; quiet < quietFor; sweep += 1) {
      if (sweep > patience) fail('it does not become quiet');
      await this.#go(Infinity);
      for (const [index, client] of this.clients.entries()) this.#connect(client, this.#node(index)!);
      quiet = this.#isQuiet() ? quiet + 1 : 0;
      this.#sweep();
    }
    await this.#go(Infinity);
  }

  #isQuiet(): boolean {
    return (
      this.clients.every(({ established }) => established) &&
      this.nodes.every(
        ({ streams, links }) =>
          streams.size.pendingConfirmations === 0 && ![...links].some((link) => link.removed),
      )
    );
  }

  #checkQuiet(): void {
    for (const client of this.clients) {
      if (client.last !== this.head) fail(`${client.name} is at ${client.last}, the room at ${this.head}`);
      for (const [sequence, eventId] of client.applied) {
        if (this.#ids.get(sequence) !== eventId) fail(`${client.name} applied another ${sequence}`);
      }
      client.checkQuiet(client.link!);
    }
    for (const node of this.nodes) node.checkQuiet();
    const connected = this.nodes.reduce((sum, { streams }) => sum + streams.size.connections, 0);
    if (connected !== this.clients.length) fail(`${connected} connections of ${this.clients.length} clients`);
  }

  /** A connection that returns while no delivery is pending reuses a slot. */
  async #checkSlots(): Promise<void> {
    const client = this.clients.at(-1)!;
    const { connection, options } = client.link!;
    const { connections, confirmations } = connection.stream;
    if (connections.size < 2) return;
    const before = confirmations.users.length;
    client.cut(true);
    await this.#go(Infinity);
    this.#connect(client, options.node);
    await this.#go(Infinity);
    if (confirmations.users.length > before) {
      fail(`a returning connection was given a new slot beside ${before} free ones`);
    }
  }
}

const person = (index: number): User => ({
  id: `00000000-0000-7000-8000-00000000000${index}`,
  username: `listener ${index}`,
  guest: true,
});
const someone = person(9);
const playback = { status: 'paused', track_id: null, position: 1, started_at: null, version: 1 } as const;

function raiseOne(change: RoomChange, kind: Kind): void {
  switch (kind) {
    case 'playback':
      change.playbackActivity('playback_paused', { playback, user: null });
      return;
    case 'joined':
      change.userActivity('user_joined', { user: someone, participant_count: 1 });
      return;
    case 'queue':
      change.trackActivity('queue_reordered', { track_id: someone.id, queue_position: 1, user: someone });
      return;
    case 'listeners':
      change.userActivity('listeners_updated', { online_count: 1, listening_count: 1 });
  }
}
