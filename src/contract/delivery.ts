import { Type, type Static } from 'typebox';
import { Count, Id, oneOf, orNull, shape, Time } from './views.js';

const outcomes = ['confirmed', 'pending', 'superseded', 'expired', 'dead_letter'] as const;
export type DeliveryOutcome = (typeof outcomes)[number];

const Seconds = orNull(
  Type.Number({
    minimum: 0,
    description: 'Seconds from the first attempt to the confirmation; null if unknown',
  }),
);

/** The delivery of an event to one user, as a report shows it. */
export const DeliveryUser = shape(
  {
    id: Id,
    username: Type.String(),
    outcome: oneOf(outcomes),
    connections: Type.Integer({
      minimum: 1,
      description: "Number of the user's connections that it was sent to",
    }),
    confirmed_connections: Count,
    attempts: Type.Integer({
      minimum: 1,
      description: 'Highest number of attempts on any of the connections',
    }),
    seconds: Seconds,
    confirmed_late_at: orNull(
      Type.Number({
        description:
          'When the user confirmed it after the outcome was decided: late, or after it was replayed on reconnecting. Unix time in seconds',
      }),
    ),
  },
  'The delivery of an event to one user. A user has confirmed once each of their connections has.',
);
export type DeliveryUser = Static<typeof DeliveryUser>;

/**
 * Numbers of users by outcome. Of a user's connections the one with the worst outcome counts; a connection that
 * closed before it confirmed counts only if the user has no other.
 */
export const DeliveryCounts = shape({
  expected: Count,
  confirmed: Count,
  pending: Count,
  superseded: Count,
  expired: Type.Integer({
    minimum: 0,
    description: 'Disconnected before confirming; the event is replayed when the user reconnects',
  }),
  dead_letters: Type.Integer({
    minimum: 0,
    description: 'Still connected, and unconfirmed after the last attempt',
  }),
});
export type DeliveryCounts = Static<typeof DeliveryCounts>;

/** Who was expected to confirm an event, and what the outcome was. */
export const DeliveryReport = shape(
  {
    event_id: Id,
    type: Type.String(),
    sequence: Type.Integer({ minimum: 1 }),
    created_at: Time,
    requires_confirmation: Type.Boolean(),
    complete: Type.Boolean({ description: 'No confirmation of it is pending any more' }),
    ...DeliveryCounts.properties,
    confirmed_late: Type.Integer({
      minimum: 0,
      description: 'Number of users in `users` who confirmed it after their outcome was decided',
    }),
    connections: shape({ expected: Count, confirmed: Count }),
    attempts: Type.Integer({
      minimum: 0,
      description: 'Highest number of attempts for any user; 0 if no confirmation was expected',
    }),
    time_to_confirmation: shape({ p50: Seconds, p99: Seconds, max: Seconds }),
    users: Type.Array(DeliveryUser, {
      description:
        'Of a node with 50 or fewer users, all; otherwise those who needed a retry, took more than a second or did not confirm, worst first, at most 100 per node',
    }),
    users_left_out: Type.Integer({
      minimum: 0,
      description: 'Number of users who are counted but not listed in `users`',
    }),
  },
  'The delivery of one event: who was expected to confirm it, who has, after how many attempts and how fast, and who has not.',
);
export type DeliveryReport = Static<typeof DeliveryReport>;
