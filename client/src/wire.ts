import type * as contract from './contract.js';

/*
 * What the library takes from the wire, and where it differs from the contract: fields that servers of version 1 do not
 * send are optional here.
 */

interface EventsOnWire extends Omit<contract.EventDataByType, 'connection_established'> {
  readonly user_updated: { readonly user: contract.User; readonly previous_username: string };
  readonly connection_established: Established;
}

type OnWire<T extends keyof EventsOnWire> = {
  [K in T]: {
    readonly event_id: string;
    readonly type: K;
    readonly data: contract.CommonData & EventsOnWire[K];
    readonly metadata: contract.Metadata;
  };
}[T];

/** The types of events that handlers may receive. */
export type EventType = Exclude<keyof EventsOnWire, 'connection_established'>;

/** An event of a room or the lobby, as handlers receive it. */
export type RoomcastEvent<T extends EventType = EventType> = OnWire<T>;

/** The state of a room as the server sends it. */
export type RoomStateOnWire = Omit<contract.RoomState, 'history' | 'skip_voters'> & {
  readonly skip_voters?: readonly string[];
  readonly history?: readonly contract.Track[];
};

/** The data of `connection_established`. */
export interface Established {
  readonly user: contract.User;
  readonly room: RoomStateOnWire | null;
  readonly sequence: number;
  readonly resumed: boolean;
  readonly replayed: number;
  readonly epoch?: string;
  readonly my_votes?: readonly string[];
  readonly clock_id?: string;
}

/** A logged event that a command raised; a client that has applied it has applied the command. */
export interface EventReference {
  readonly event_id: string;
  readonly sequence: number;
}

/** What every command answers; `event` is null if nothing changed, and missing on servers of version 1. */
export interface CommandAnswer {
  readonly event?: EventReference | null;
}

/** The answer to `time_sync`. Times are seconds. */
export interface TimeSyncAnswer {
  readonly ok: true;
  readonly server_time: number;
  readonly server_received?: number;
  readonly server_sent?: number;
  readonly clock_id?: string;
}

/** Whether a value has the shape of an event; its `data` is the server's responsibility. */
export function isEvent(value: unknown): value is OnWire<keyof EventsOnWire> {
  if (typeof value !== 'object' || value === null) return false;
  const { event_id, type, data, metadata } = value as Partial<Record<string, unknown>>;
  if (typeof event_id !== 'string' || typeof type !== 'string') return false;
  if (typeof data !== 'object' || data === null) return false;
  if (typeof metadata !== 'object' || metadata === null) return false;
  const { sequence } = metadata as { sequence?: unknown };
  return sequence === undefined || (Number.isSafeInteger(sequence) && (sequence as number) > 0);
}
