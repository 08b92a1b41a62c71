import {
  catalogue,
  type EventData,
  type EventType,
  type Envelope,
  isEventType,
  priorities,
  type Priority,
  type RoomEvent,
} from '../contract/index.js';
import type { EventRow } from '../database/schema.js';
import { eventId } from './event-id.js';

/** Makes an event. @param sequence for logged events only */
export function makeEvent<T extends EventType>(
  type: T,
  roomId: string | null,
  timestamp: number,
  data: EventData<T>,
  sequence?: number,
): RoomEvent<T> {
  return {
    event_id: eventId(),
    type,
    data: { room_id: roomId, timestamp, ...data },
    metadata: metadata(type, timestamp, sequence),
  };
}

/** Makes the copy of an event that the lobby receives, which has no log. */
export function makeLobbyEvent<T extends EventType>(
  type: T,
  roomId: string | null,
  timestamp: number,
  data: EventData<T>,
): RoomEvent<T> {
  const event = makeEvent(type, roomId, timestamp, data);
  return { ...event, metadata: metadata(type, timestamp, undefined, catalogue[type].lobbyPriority) };
}

const metadata = (
  type: EventType,
  createdAt: number,
  sequence?: number,
  priority: Priority = catalogue[type].priority,
): RoomEvent['metadata'] => ({
  priority,
  requires_confirmation: priorities[priority].confirmed,
  retry_count: 0,
  created_at: createdAt,
  ...(sequence === undefined ? {} : { sequence }),
});

/** The envelope of one copy of the event, as it is sent at `serverTime` (Unix seconds). */
export function seal(event: RoomEvent, serverTime: number, retryCount = 0): Envelope {
  return {
    event_id: event.event_id,
    type: event.type,
    data: { ...event.data, server_time: serverTime },
    metadata: retryCount === 0 ? event.metadata : { ...event.metadata, retry_count: retryCount },
  } as Envelope;
}

/** A logged event, identical to the one that was raised. */
export function fromRow(row: EventRow): RoomEvent {
  return {
    event_id: row.event_id,
    type: typeOf(row),
    data: JSON.parse(row.data) as RoomEvent['data'],
    metadata: metadataOf(row),
  };
}

/** The metadata of a logged event. */
export const metadataOf = (row: EventRow): RoomEvent['metadata'] =>
  metadata(typeOf(row), row.created_at, row.sequence);

function typeOf({ type }: EventRow): EventType {
  if (!isEventType(type)) throw new Error(`the log holds an event of unknown type ${type}`);
  return type;
}
