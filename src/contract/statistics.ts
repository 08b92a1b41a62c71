import { Type, type Static } from 'typebox';
import { Count, shape, Time } from './views.js';

const Seconds = Type.Union([Type.Number({ description: 'Seconds' }), Type.Null()]);
const Quantiles = shape(
  { count: Count, mean: Seconds, p50: Seconds, p90: Seconds, p99: Seconds },
  'Quantiles are upper bounds of histogram buckets, at most twice the true value; null if nothing was measured.',
);

/** Counters of deliveries on one node. */
export const DeliveryFigures = shape(
  {
    events: Type.Integer({
      minimum: 0,
      description: 'Events sent on this node, and events raised on it that had no listener',
    }),
    deliveries: Type.Integer({
      minimum: 0,
      description: 'Copies written to connections, without retries and replays',
    }),
    replayed: Type.Integer({
      minimum: 0,
      description: 'Copies of missed events, written to connections that resumed',
    }),
    confirmed: Count,
    retries: Count,
    superseded: Count,
    expired: Type.Integer({ minimum: 0, description: 'The connection closed before it confirmed' }),
    dead_letters: Count,
    dropped: Type.Integer({
      minimum: 0,
      description: 'Copies of `low` events that were not sent because the listener was too slow',
    }),
    coalesced: Type.Integer({
      minimum: 0,
      description: 'Copies of `normal` events that a newer one replaced because the listener was too slow',
    }),
    confirmation_rate: Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
      description: 'confirmed / (confirmed + dead_letters); null if both are 0',
    }),
  },
  'Counters of deliveries.',
);
export type DeliveryFigures = Static<typeof DeliveryFigures>;

const Paths = shape({
  local: shape({ events: Count }),
  bus: shape({ events: Count, published: Count, failed: Count, skipped: Count, rejected: Count }),
  duplicates: Type.Integer({ minimum: 0, description: 'Events that arrived again after they had been sent' }),
  gaps_repaired: Type.Integer({
    minimum: 0,
    description: 'Events that arrived on neither path and were read from the log',
  }),
});

/** Delivery figures of one node in a period. */
export const PeriodFigures = shape({
  totals: DeliveryFigures,
  by_priority: Type.Record(Type.String(), DeliveryFigures),
  by_type: Type.Record(Type.String(), DeliveryFigures),
  by_path: Paths,
  replays: shape({ connections: Count, events: Count, resets: Count }),
  slow_connections_closed: Count,
  commit_to_write: Quantiles,
  write_to_confirmation: Quantiles,
});
export type PeriodFigures = Static<typeof PeriodFigures>;

/** The answer of `GET /api/statistics`. */
export const ServerStatistics = shape(
  {
    server_time: Time,
    since: Type.Number({ description: 'When this process started: Unix time in seconds' }),
    now: shape({ rooms: Count, connections: Count, pending_confirmations: Count }),
    total: PeriodFigures,
    last_hour: PeriodFigures,
  },
  'Figures of this node since it started and for the last hour. They name no room.',
);
export type ServerStatistics = Static<typeof ServerStatistics>;

/** The answer of `GET /api/rooms/{id}/statistics`. */
export const RoomStatistics = shape(
  {
    server_time: Time,
    sequence: Type.Integer({ minimum: 0, description: "The newest sequence of the room's log" }),
    participants: Count,
    online: Count,
    tracks: shape({ queued: Count, played: Count }),
    connections: Type.Integer({ minimum: 0, description: 'Connections to this node' }),
    pending_confirmations: Count,
    deliveries: DeliveryFigures,
  },
  "Figures of a room. `deliveries` are those of this node, kept until an hour after the room's last event.",
);
export type RoomStatistics = Static<typeof RoomStatistics>;
