import type { User } from '../../src/contract/index.js';
import type { Link, Received } from './link.js';
import { fail } from './violation.js';
import type { World } from './world.js';

/** How a client confirms: at once, never, about every other time, some time later, or twice. */
export const manners = ['always', 'never', 'half', 'late', 'twice'] as const;
export type Manners = (typeof manners)[number];

/** How long a late confirmation takes, in seconds: two attempts go by. */
const lateBy = 1.2;

/** A client that applies events as documented, and checks everything that it receives. */
export class SimulatedClient {
  link: Link | undefined;
  stalled = false;
  established = false;
  /** The newest sequence that it has received. */
  last: number | undefined;
  /** Applied, or skipped by a reset. */
  readonly applied = new Map<number, string>();
  jumps = 0;
  #toReplay = 0;
  /** On this connection. */
  #received = new Set<string>();
  #newest = new Map<string, string>();
  #late: { link: Link; ackId: number; due: number }[] = [];

  constructor(
    readonly name: string,
    readonly user: User,
    private readonly manners: Manners,
    private readonly world: World,
  ) {}

  connected(link: Link): void {
    this.link = link;
    this.established = false;
    this.#received = new Set();
    this.#newest = new Map();
    this.#toReplay = 0;
  }

  dropped(link: Link): void {
    if (this.link !== link) return;
    this.link = undefined;
    this.established = false;
  }

  cut(lossy: boolean): void {
    const { link } = this;
    if (!link) return;
    this.dropped(link);
    link.breaks(lossy);
  }

  stall(stalled: boolean): void {
    this.stalled = stalled;
    this.link?.stall(stalled);
  }

  /** Sends the confirmations that it has delayed. */
  tick(now: number): void {
    const due = this.#late.filter((late) => late.due <= now);
    this.#late = this.#late.filter((late) => late.due > now);
    for (const { link, ackId } of due) if (link === this.link) link.confirm(ackId);
  }

  receive(link: Link, received: Received): void {
    if (link !== this.link) return;
    const { event, ackId } = received;
    if (event.type === 'connection_established') {
      this.#establish(link, event.data);
    } else if (event.type === 'error') {
      if (!link.failed) this.#fail(`error ${event.data.code}`);
    } else {
      if (!this.established) this.#fail(`${event.type} before it was established`);
      if (event.metadata.sequence === undefined) this.#takeUnlogged(link, received);
      else this.#takeLogged(received, event.metadata.sequence);
    }
    if (ackId !== undefined) this.#confirm(link, ackId);
  }

  /** What has to be true of a client when no step is pending. */
  checkQuiet(link: Link): void {
    for (const [kind, token] of link.owed) {
      if (this.#newest.get(kind) !== token) this.#fail(`does not have the newest ${kind}`);
    }
    if (this.#toReplay !== 0) this.#fail(`${this.#toReplay} replayed events are missing`);
  }

  #establish(
    link: Link,
    { sequence, resumed, replayed }: { sequence: number; resumed: boolean; replayed: number },
  ): void {
    const { after } = link.options;
    if (this.established) this.#fail('established twice');
    this.established = true;
    this.#toReplay = replayed;
    if (after === undefined) {
      if (resumed || replayed > 0) this.#fail('a first connection was replayed something');
      this.last = sequence;
    } else if (resumed) {
      if (replayed !== sequence - after) this.#fail(`${replayed} replayed from ${after} to ${sequence}`);
    } else {
      if (after >= this.world.prunedUpTo) this.#fail(`reset from ${after}, which the log still reaches`);
      this.last = sequence;
      this.jumps += 1;
    }
  }

  #takeLogged({ event, essence }: Received, sequence: number): void {
    const { retry_count } = event.metadata;
    const last = this.last!;
    this.world.sameForAll(sequence, essence);
    if (retry_count > 0) {
      const known = this.#received.has(event.event_id);
      if (!known) this.#fail(`first copy of ${sequence} says retry ${retry_count}`);
      return;
    }
    if (this.#received.has(event.event_id)) this.#fail(`${sequence} came twice`);
    this.#received.add(event.event_id);
    if (sequence !== last + 1) this.#fail(`${sequence} came after ${last}`);
    if (this.applied.has(sequence)) this.#fail(`${sequence} applied twice`);
    this.applied.set(sequence, event.event_id);
    this.last = sequence;
    if (this.#toReplay > 0) this.#toReplay -= 1;
  }

  #takeUnlogged(link: Link, { event }: Received): void {
    const token = this.world.tokenOf(event);
    const at = link.offered.indexOf(token);
    if (at < 0) this.#fail(`${event.type} from nowhere`);
    // Coalesced events are sent later than others, but of one type never an older one after a newer one.
    const kind = `${event.metadata.priority} ${event.type}`;
    const before = this.#newest.get(kind);
    if (before !== undefined && link.offered.indexOf(before) >= at) {
      this.#fail(`${event.type} ${at} came after a newer one`);
    }
    this.#newest.set(kind, token);
  }

  #confirm(link: Link, ackId: number): void {
    switch (this.manners) {
      case 'always':
        link.confirm(ackId);
        return;
      case 'twice':
        link.confirm(ackId);
        link.confirm(ackId);
        return;
      case 'half':
        if (this.world.random.below(2) === 0) link.confirm(ackId);
        return;
      case 'late':
        this.#late.push({ link, ackId, due: this.world.clock.now() + lateBy });
        return;
      case 'never':
    }
  }

  #fail(what: string): never {
    fail(`${this.name}: ${what}`);
  }
}
