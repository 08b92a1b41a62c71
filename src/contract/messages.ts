import { Type, type TSchema } from 'typebox';
import { AnyEnvelope } from './envelope-schema.js';
import type { ErrorCode } from './errors.js';
import { oneOf, orNull, RoomState, Sequence, shape, Time } from './views.js';

/**
 * What a client may send over its socket, and how it is acknowledged when all is well. What a message carries is
 * declared where it is checked: src/gateway/messages.dto.ts.
 */
interface Declaration {
  description: string;
  /** Whether the lobby takes it too; rooms take all. */
  lobby: boolean;
  answer: TSchema;
}

const ok = Type.Literal(true);

export const syncStatuses = ['blocked', 'buffering', 'in_step', 'correcting', 'silent'] as const;
export type SyncStatus = (typeof syncStatuses)[number];

export const socketMessages = {
  time_sync: {
    description: "Asks for the server's clock.",
    lobby: true,
    answer: shape({ ok, server_time: Time }),
  },
  room_state: {
    description: 'Asks for the whole room, as of `sequence`.',
    lobby: false,
    answer: shape({ ok, room: RoomState, sequence: Sequence }),
  },
  replay: {
    description: 'Asks for a page of the log: what came after a sequence.',
    lobby: false,
    answer: shape({ ok, events: Type.Array(AnyEnvelope), more: Type.Boolean() }),
  },
  sync_report: {
    description: 'Tells how well the listener keeps up.',
    lobby: false,
    answer: shape({ ok }),
  },
} as const satisfies Record<string, Declaration>;

export type SocketMessage = keyof typeof socketMessages;

/** How any message is acknowledged when it fails. */
export const MessageFailure = shape({
  ok: Type.Literal(false),
  error: shape({ code: Type.String(), message: Type.String(), details: Type.Optional(Type.Unknown()) }),
});

/** What an event that asks for a confirmation is acknowledged with: nothing, or how playback stands there. */
export const Confirmation = orNull(
  shape({
    position: Type.Optional(Type.Number({ description: 'Seconds into the track' })),
    drift: Type.Optional(Type.Number({ description: 'Seconds that the listener is ahead of the room' })),
  }),
);

/** The handshake's `auth`. */
export const LobbyAuth = shape({ token: Type.String({ description: 'Of a sign-in' }) });
export const RoomAuth = shape({
  ...LobbyAuth.properties,
  after_sequence: Type.Optional(
    Type.Union([Sequence, Type.String({ pattern: '^[0-9]{1,16}$', description: 'The same in decimal' })]),
  ),
  state: Type.Optional(
    oneOf(
      ['always', 'when_needed'],
      '`when_needed`: `connection_established` has no `room` where `resumed` is true. `always` if not given',
    ),
  ),
});

/** What a handshake that is refused arrives with, as the `data` of `connect_error`. */
export const Refusal = MessageFailure.properties.error;

export const lobbyRefusals: readonly ErrorCode[] = ['unauthorized', 'too_many_connections', 'draining'];
export const roomRefusals: readonly ErrorCode[] = [...lobbyRefusals, 'room_not_found', 'not_a_participant'];
