import { Injectable } from '@nestjs/common';
import { catalogue, type EventType, eventTypes, type Priority, priorities } from '../contract/index.js';
import { Histogram } from './histogram.js';

/** The counters of deliveries; the names are those of the wire and of the metrics. */
export const counterNames = [
  /** Events sent on this node, and events raised on it that had no listener. */
  'events',
  /** Copies written to connections, without retries and replays. */
  'deliveries',
  /** Copies of missed events, written to connections that resumed. */
  'replayed',
  'confirmed',
  'retries',
  'superseded',
  /** Not confirmed because the connection closed first; the event is replayed when the client reconnects. */
  'expired',
  'dead_letters',
  /** Copies of `low` events that were not sent because the listener was too slow. */
  'dropped',
  /** Copies of `normal` events that a newer one of the type replaced because the listener was too slow. */
  'coalesced',
] as const;
export type CounterName = (typeof counterNames)[number];

/** The counters of a node as a whole. */
export const nodeCounterNames = [
  /** Connections that resumed: with `after_sequence`, and the log held every event after it. */
  'replays',
  'replayed_events',
  /** Connections with `after_sequence` that could not resume. */
  'resets',
  /** Events that arrived on neither path and were read from the log. */
  'gaps_repaired',
  /** Events that arrived again after they had been sent. */
  'duplicates',
  'slow_connections_closed',
  /** Connections closed because of the number or kind of packets that they sent. */
  'flooding_connections_closed',
  'arrived_local',
  'arrived_bus',
  'bus_published',
  'bus_failed',
  'bus_rejected',
  /** Not published because the circuit breaker was open or too many messages were in progress. */
  'bus_skipped',
] as const;
export type NodeCounterName = (typeof nodeCounterNames)[number];

export type Counters<N extends string> = Record<N, number>;
const zero = <N extends string>(names: readonly N[]): Counters<N> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Counters<N>;

/** One room's counters, and when they last changed (Unix seconds). */
interface RoomFigures {
  counters: Counters<CounterName>;
  usedAt: number;
}

/** Rooms with figures; beyond it the one that was added first is evicted. */
const maxRooms = 10_000;
/** How long a room's figures are kept after they last changed. */
const roomTtlSeconds = 3600;
/** The figures of the last hour are the sum of six slots of ten minutes. */
const slotCount = 6;
const slotSeconds = 600;

/** Figures of a period. */
export interface Figures {
  byType: Map<EventType, Counters<CounterName>>;
  node: Counters<NodeCounterName>;
  /** Seconds from the time of an event (`created_at`, before its commit) to its last write on this node. */
  commitToWrite: Histogram;
  /** Seconds from the first write to the confirmation, by connection. */
  writeToConfirmation: Histogram;
}

const emptyFigures = (): Figures => ({
  byType: new Map(eventTypes.map((type) => [type, zero(counterNames)])),
  node: zero(nodeCounterNames),
  commitToWrite: new Histogram(),
  writeToConfirmation: new Histogram(),
});

/**
 * Counts deliveries on this node with plain counters, cheap enough to update for every delivery. Has the totals since
 * the start, the figures of the last hour, and those of each room that was active in the last hour. In memory only.
 */
@Injectable()
export class Statistics {
  readonly total = emptyFigures();
  /** Of the sockets, since the start. */
  transport: 'standard' | 'fast' = 'standard';
  readonly #slots: Figures[] = [emptyFigures()];
  readonly #rooms = new Map<string, RoomFigures>();
  #slotStartedAt = 0;
  /** The time of the last `age`: reading the clock for each count would cost more. */
  #now = 0;

  /** Drops old figures. To be called periodically. @param now Unix seconds */
  age(now: number): void {
    // Figures of rooms from before the first call have no time yet.
    if (this.#now === 0) for (const figures of this.#rooms.values()) figures.usedAt = now;
    this.#now = now;
    if (this.#slotStartedAt === 0) this.#slotStartedAt = now;
    while (now - this.#slotStartedAt >= slotSeconds) {
      this.#slots.unshift(emptyFigures());
      this.#slots.length = Math.min(this.#slots.length, slotCount);
      this.#slotStartedAt += slotSeconds;
    }
    for (const [roomId, { usedAt }] of this.#rooms) {
      if (now - usedAt > roomTtlSeconds) this.#rooms.delete(roomId);
    }
  }

  count(name: CounterName, type: EventType, roomId: string | null, by = 1): void {
    this.total.byType.get(type)![name] += by;
    this.#slots[0]!.byType.get(type)![name] += by;
    if (roomId !== null) this.#room(roomId)[name] += by;
  }

  countNode(name: NodeCounterName, by = 1): void {
    this.total.node[name] += by;
    this.#slots[0]!.node[name] += by;
  }

  /** Records the time from an event's `created_at` to its last write. */
  written(seconds: number): void {
    this.total.commitToWrite.record(seconds);
    this.#slots[0]!.commitToWrite.record(seconds);
  }

  /** Records the time from an event's first write to a confirmation. */
  confirmed(seconds: number): void {
    this.total.writeToConfirmation.record(seconds);
    this.#slots[0]!.writeToConfirmation.record(seconds);
  }

  /** The figures of the last hour. */
  recent(): Figures {
    const sum = emptyFigures();
    for (const slot of this.#slots) addFigures(sum, slot);
    return sum;
  }

  room(roomId: string): Counters<CounterName> {
    return { ...(this.#rooms.get(roomId)?.counters ?? zero(counterNames)) };
  }

  /** Number of rooms with figures. */
  get roomCount(): number {
    return this.#rooms.size;
  }

  #room(roomId: string): Counters<CounterName> {
    let figures = this.#rooms.get(roomId);
    if (!figures) {
      if (this.#rooms.size >= maxRooms) this.#rooms.delete(this.#rooms.keys().next().value!);
      figures = { counters: zero(counterNames), usedAt: this.#now };
      this.#rooms.set(roomId, figures);
    }
    figures.usedAt = this.#now;
    return figures.counters;
  }
}

function addFigures(sum: Figures, more: Figures): void {
  for (const [type, counters] of more.byType) add(sum.byType.get(type)!, counters);
  add(sum.node, more.node);
  sum.commitToWrite.add(more.commitToWrite);
  sum.writeToConfirmation.add(more.writeToConfirmation);
}

function add<N extends string>(sum: Counters<N>, more: Counters<N>): void {
  for (const name of Object.keys(more) as N[]) sum[name] += more[name];
}

/** Sums up counters by type: by priority, and in total. */
export function summarize(byType: Figures['byType']): {
  all: Counters<CounterName>;
  byPriority: Record<Priority, Counters<CounterName>>;
} {
  const all = zero(counterNames);
  const byPriority = Object.fromEntries(
    Object.keys(priorities).map((priority) => [priority, zero(counterNames)]),
  ) as Record<Priority, Counters<CounterName>>;
  for (const [type, counters] of byType) {
    add(all, counters);
    add(byPriority[catalogue[type].priority], counters);
  }
  return { all, byPriority };
}
