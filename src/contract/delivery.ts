import { Type, type Static } from 'typebox';
import { Count, Id, oneOf, orNull, shape, Time } from './views.js';

const outcomes = ['confirmed', 'pending', 'superseded', 'expired', 'dead_letter'] as const;
export type DeliveryOutcome = (typeof outcomes)[number];

const Seconds = orNull(
  Type.Number({ minimum: 0, description: 'seconds from the first write; null where unknown' }),
);

export const DeliveryUser = shape(
  {
    id: Id,
    username: Type.String(),
    outcome: oneOf(outcomes),
    connections: Type.Integer({ minimum: 1, description: 'To how many connections of the user it was sent' }),
    confirmed_connections: Count,
    attempts: Type.Integer({ minimum: 1, description: 'The most that any of the connections took' }),
    seconds: Seconds,
    confirmed_late_at: orNull(
      Type.Number({
        description:
          'When they confirmed it after all, whatever the outcome: late, or on returning and being replayed it. Unix time in seconds',
      }),
    ),
  },
  'What became of an event for one user, who has confirmed when each of their connections has.',
);
export type DeliveryUser = Static<typeof DeliveryUser>;

/**
 * The numbers of users by what became of the event for them. Of several connections the worst counts; one that
 * was gone before it confirmed counts only where the user has no other.
 */
export const DeliveryCounts = shape({
  expected: Count,
  confirmed: Count,
  pending: Count,
  superseded: Count,
  expired: Type.Integer({
    minimum: 0,
    description: 'Gone before they confirmed: they are given it from the log when they return',
  }),
  dead_letters: Type.Integer({
    minimum: 0,
    description: 'Still connected, and unconfirmed after the last attempt',
  }),
});
export type DeliveryCounts = Static<typeof DeliveryCounts>;

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
      description: 'Of those who did not confirm it in time and are named: how many did so later',
    }),
    connections: shape({ expected: Count, confirmed: Count }),
    attempts: Type.Integer({
      minimum: 0,
      description: 'The most that anyone took; 0 where nobody was to confirm',
    }),
    time_to_confirmation: shape({ p50: Seconds, p99: Seconds, max: Seconds }),
    users: Type.Array(DeliveryUser, {
      description:
        'Everyone where they are few (50 or fewer a node); else those it was late for, or who never confirmed: the worst first, at most 100 a node',
    }),
    users_left_out: Type.Integer({ minimum: 0, description: 'How many users are counted and not named' }),
  },
  'Who was to confirm an event, who has, after how many attempts and how fast; who never did.',
);
export type DeliveryReport = Static<typeof DeliveryReport>;
