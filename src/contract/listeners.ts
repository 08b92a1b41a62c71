import { Type, type Static } from 'typebox';
import { Count, oneOf, orNull, Sequence, shape, Time, User } from './views.js';

/** What a listener's player is doing, as it reports in `sync_report`. */
export const syncStatuses = ['blocked', 'buffering', 'in_step', 'correcting', 'silent'] as const;
export type SyncStatus = (typeof syncStatuses)[number];

const seconds = (description: string) => orNull(Type.Number({ description: `${description}, in seconds` }));

/** The fields of a `sync_report`; null if the client left them out. */
const reportFields = {
  drift: seconds('By how much the listener is ahead of the room'),
  round_trip: seconds('Round trip of messages between client and server'),
  buffered: seconds('Audio that is decoded ahead of what is heard'),
  uncertainty: seconds("By how much the client's reading of the room clock may be wrong"),
  output_latency: seconds('From handing audio to the output device until it is heard'),
  offset: seconds('The offset that the user set for the output device'),
  status: orNull(oneOf(syncStatuses)),
  muted: orNull(Type.Boolean()),
};

export const ListenerConnection = shape(
  {
    ...reportFields,
    reported_at: orNull(
      Type.Number({ description: 'When the client sent its last `sync_report`; null if it sent none' }),
    ),
    last_confirmed: orNull(
      shape({ sequence: Sequence, confirmed_at: Time }, 'The event that the client confirmed last'),
    ),
    retries: Type.Integer({
      minimum: 0,
      description: 'How many copies were sent again because an event was not confirmed in time',
    }),
  },
  "A listener's connection: its last `sync_report`, with null for everything that was not reported, and its confirmations.",
);
export type ListenerConnection = Static<typeof ListenerConnection>;

/** What a client reports about its playback. `drift`, `round_trip` and `buffered` are required in a report. */
export type SyncReport = Pick<ListenerConnection, keyof typeof reportFields> &
  Record<'drift' | 'round_trip' | 'buffered', number>;

export const Listener = shape(
  {
    user: User,
    connections: Type.Array(ListenerConnection, {
      description:
        'Open connections to the room, on the node that answers; empty for a user who was disconnected within the last 5 s',
    }),
  },
  'A user who is online in a room.',
);
export type Listener = Static<typeof Listener>;

/** A page of a room's listeners. */
export const ListenerList = shape({
  listeners: Type.Array(Listener, { description: 'In the order of their user ids' }),
  online_count: Count,
  listening_count: Count,
  more: Type.Boolean(),
  next: orNull(Type.String({ description: '`after` for the next page; null on the last page' })),
});
export type ListenerList = Static<typeof ListenerList>;
