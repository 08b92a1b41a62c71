import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type EventType, isEventType, type RoomEvent } from '../../contract/index.js';
import { checkPayload } from '../../contract/payload-check.js';
import type { Outgoing } from '../room-change.js';
import type { BusTopic } from './event-bus.js';

/**
 * The version of the messages. A node ignores messages of other versions and reads their events from the log, so that
 * old and new nodes can run together.
 */
const version = 1;
/** Longer messages are ignored unparsed. Events are far smaller: a payload is limited to a few kilobytes. */
const maxMessageLength = 256 * 1024;

const BusMessage = Type.Object({
  v: Type.Literal(version),
  to: Type.Union([Type.Literal('room'), Type.Literal('lobby')]),
  event: Type.Object({
    event_id: Type.String({ minLength: 1, maxLength: 100 }),
    type: Type.String(),
    data: Type.Object({
      room_id: Type.Union([Type.String({ minLength: 1, maxLength: 100 }), Type.Null()]),
      timestamp: Type.Number(),
    }),
    metadata: Type.Object({
      priority: Type.String(),
      requires_confirmation: Type.Boolean(),
      retry_count: Type.Literal(0),
      created_at: Type.Number(),
      sequence: Type.Optional(Type.Integer({ minimum: 1 })),
    }),
  }),
});
const message = Compile(BusMessage);

export const topicOf = (outgoing: Outgoing): BusTopic =>
  outgoing.to === 'room' ? `room:${outgoing.roomId}` : 'lobby';

export const encodeBusMessage = ({ to, event }: Outgoing): string =>
  JSON.stringify({ v: version, to, event });

/** @throws {Error} for a message that no node of this version has sent; says what is wrong with it */
export function decodeBusMessage(text: string): Outgoing {
  if (text.length > maxMessageLength) throw new Error('the message is too long');
  const decoded: unknown = JSON.parse(text);
  if (!message.Check(decoded)) {
    const [error] = message.Errors(decoded);
    throw new Error(`message${error?.instancePath ?? ''}: ${error?.message ?? 'does not match'}`);
  }
  const { to, event } = decoded;
  if (!isEventType(event.type)) throw new Error(`unknown event type ${event.type.slice(0, 100)}`);
  const { room_id: roomId, timestamp: _, ...data } = event.data;
  checkPayload<EventType>(event.type, data as never);
  const checked = event as unknown as RoomEvent;
  if (to === 'lobby') return { to, event: checked };
  if (roomId === null) throw new Error('an event of a room without a room_id');
  return { to, roomId, event: checked };
}
