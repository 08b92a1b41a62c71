import { Type, type TSchema } from 'typebox';
import { AnyEnvelope } from './envelope-schema.js';
import type { ErrorCode } from './errors.js';
import {
  ClockId,
  Epoch,
  EventReference,
  oneOf,
  orNull,
  RoomState,
  RoomTime,
  Sequence,
  shape,
  Time,
} from './views.js';

/**
 * A message from client to server. Its payload is declared by the DTO that validates it (src/gateway/messages.dto.ts).
 * `answer` is the acknowledgement on success; on failure it is `MessageFailure`.
 */
interface Declaration {
  description: string;
  /** Whether the lobby accepts it too; rooms accept every message. */
  lobby: boolean;
  answer: TSchema;
}

const ok = Type.Literal(true);

/** Every message that a client may send, by name. */
export const socketMessages = {
  time_sync: {
    description:
      "Requests the server's time. With `server_received` and `server_sent` a client subtracts the time that the server took.",
    lobby: true,
    answer: shape({
      ok,
      server_time: Time,
      server_received: RoomTime,
      server_sent: RoomTime,
      clock_id: ClockId,
    }),
  },
  room_state: {
    description: 'Requests the complete state of the room as of `sequence`.',
    lobby: false,
    answer: shape({ ok, room: RoomState, sequence: Sequence, epoch: Epoch }),
  },
  replay: {
    description: "Requests a page of the room's log: the events after a sequence.",
    lobby: false,
    answer: shape({ ok, events: Type.Array(AnyEnvelope), more: Type.Boolean(), epoch: Epoch }),
  },
  sync_report: {
    description:
      'Reports how well the listener keeps in time with the room. The last report of each connection is kept in memory as long as it is open; it is neither logged nor broadcast. It determines how far ahead playback starts, `listening_count`, and what `GET /api/rooms/{id}/listeners` shows.',
    lobby: false,
    answer: shape({ ok }),
  },
  skip_vote: {
    description:
      "Votes to skip the current track, where the room's settings have a `skip_vote_share`. A second vote changes nothing. Votes end with the track.",
    lobby: false,
    answer: shape({
      ok,
      votes: Type.Integer({ minimum: 1, description: 'Number of votes, including this one' }),
      needed: Type.Integer({ minimum: 1, description: 'Number of votes that skip the track' }),
      event: Type.Union([EventReference, Type.Null()], {
        description: 'The last event of this change; null if the user had voted already',
      }),
    }),
  },
  react: {
    description: 'Sends a reaction to everyone in the room: at most 5 a second.',
    lobby: false,
    answer: shape({ ok }),
  },
} as const satisfies Record<string, Declaration>;

export type SocketMessage = keyof typeof socketMessages;

/** The acknowledgement of any message that failed. */
export const MessageFailure = shape({
  ok: Type.Literal(false),
  error: shape({ code: Type.String(), message: Type.String(), details: Type.Optional(Type.Unknown()) }),
});

/** The argument with which a client acknowledges an event: none, or the listener's playback position and drift. */
export const Confirmation = orNull(
  shape({
    position: Type.Optional(Type.Number({ description: 'Seconds into the track' })),
    drift: Type.Optional(
      Type.Number({ description: 'By how many seconds the listener is ahead of the room' }),
    ),
  }),
);

/** The `auth` of a handshake with the lobby. */
export const LobbyAuth = shape({
  token: Type.String({ description: 'The token of `/auth/guest`, `/auth/register` or `/auth/login`' }),
});

/** The `auth` of a handshake with a room. */
export const RoomAuth = shape({
  ...LobbyAuth.properties,
  after_sequence: Type.Optional(
    Type.Union([
      Sequence,
      Type.String({ pattern: '^[0-9]{1,16}$', description: 'The sequence as a decimal string' }),
    ]),
  ),
  epoch: Type.Optional(
    Type.String({
      description:
        'The `epoch` of the last `connection_established`. If it is not that of the room, `after_sequence` is not valid any more, and `resumed` is false',
    }),
  ),
  state: Type.Optional(
    oneOf(
      ['always', 'when_needed'],
      '`when_needed`: `room` is null in `connection_established` if `resumed` is true. Default: `always`',
    ),
  ),
});

/** The `data` of `connect_error` when the server refuses a handshake. */
export const Refusal = MessageFailure.properties.error;

export const lobbyRefusals: readonly ErrorCode[] = ['unauthorized', 'too_many_connections', 'draining'];
export const roomRefusals: readonly ErrorCode[] = [...lobbyRefusals, 'room_not_found', 'not_a_participant'];
