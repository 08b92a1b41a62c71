import { Injectable } from '@nestjs/common';
import { catalogue, type EventType, eventTypes, type Priority, priorities } from '../contract/index.js';
import { Histogram } from './histogram.js';

/** Counters of deliveries, by event type and by room. */
export const counterNames = [
  /** Events emitted on this node, or raised here in a room without connections. */
  'events',
  /** Live copies sent to connections, without retries and replays. */
  'deliveries',
  /** Missed events sent to returning connections. */
  'replayed',
  'confirmed',
  'retries',
  'superseded',
  /** Not confirmed because the connection was closed first; the user catches up on returning. */
  'expired',
  'dead_letters',
  /** `low` events not sent because the client was behind. */
  'dropped',
  /** `normal` events replaced by a newer one of the type because the client was behind. */
  'coalesced',
] as const;
export type CounterName = (typeof counterNames)[number];

/** Counters of the node. */
export const nodeCounterNames = [
  /** Connections with `after_sequence` that were replayed everything they missed. */
  'replays',
  'replayed_events',
  /** Connections with `after_sequence` that the log no longer reached back to. */
  'resets',
  /** Events that were read from the log because they had not arrived. */
  'gaps_repaired',
  /** Events that arrived after they had been emitted. */
  'duplicates',
  'slow_connections_closed',
  /** Closed because of the number or kind of packets that the client sent. */
  'flooding_connections_closed',
  'arrived_local',
  'arrived_bus',
  'bus_published',
  'bus_failed',
  /** Not published because the circuit breaker was open or too many were being published. */
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

const roomsKept = 10_000;
const roomSeconds = 3600;
/** The last hour is kept as this many slots of this many seconds. */
const slotCount = 6;
const slotSeconds = 600;

/** Figures of a period. */
export interface Figures {
  byType: Map<EventType, Counters<CounterName>>;
  node: Counters<NodeCounterName>;
  /** Seconds from the commit of a change to the last write of its event on this node. */
  commitToWrite: Histogram;
  /** Seconds from the write to the confirmation, by connection. */
  writeToConfirmation: Histogram;
}

const emptyFigures = (): Figures => ({
  byType: new Map(eventTypes.map((type) => [type, zero(counterNames)])),
  node: zero(nodeCounterNames),
  commitToWrite: new Histogram(),
  writeToConfirmation: new Histogram(),
});

/**
 * What became of deliveries on this node: plain counters, cheap enough for every delivery. Kept as totals since
 * the start, for the last hour in slots that age out, and for each room that was active in the last hour.
 */
@Injectable()
export class Statistics {
  readonly total = emptyFigures();
  /** Of the sockets, since the start. */
  transport: 'standard' | 'fast' = 'standard';
  readonly #slots: Figures[] = [emptyFigures()];
  readonly #rooms = new Map<string, RoomFigures>();
  #slotBegan = 0;
  #now = 0;

  /** Lets old figures go. Called now and then. @param now Unix seconds */
  age(now: number): void {
    // What was counted before the clock was first looked at is new.
    if (this.#now === 0) for (const figures of this.#rooms.values()) figures.usedAt = now;
    this.#now = now;
    if (this.#slotBegan === 0) this.#slotBegan = now;
    while (now - this.#slotBegan >= slotSeconds) {
      this.#slots.unshift(emptyFigures());
      this.#slots.length = Math.min(this.#slots.length, slotCount);
      this.#slotBegan += slotSeconds;
    }
    for (const [roomId, { usedAt }] of this.#rooms) {
      if (now - usedAt > roomSeconds) this.#rooms.delete(roomId);
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

  written(seconds: number): void {
    this.total.commitToWrite.record(seconds);
    this.#slots[0]!.commitToWrite.record(seconds);
  }

  confirmed(seconds: number): void {
    this.total.writeToConfirmation.record(seconds);
    this.#slots[0]!.writeToConfirmation.record(seconds);
  }

  /** The last hour. */
  recent(): Figures {
    const sum = emptyFigures();
    for (const slot of this.#slots) addFigures(sum, slot);
    return sum;
  }

  room(roomId: string): Counters<CounterName> {
    return { ...(this.#rooms.get(roomId)?.counters ?? zero(counterNames)) };
  }

  get roomsKept(): number {
    return this.#rooms.size;
  }

  #room(roomId: string): Counters<CounterName> {
    let figures = this.#rooms.get(roomId);
    if (!figures) {
      if (this.#rooms.size >= roomsKept) this.#rooms.delete(this.#rooms.keys().next().value!);
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

/** The same counters by priority, and all together. */
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
