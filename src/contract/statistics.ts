import { Type, type Static } from 'typebox';
import { Count, shape, Time } from './views.js';

const Seconds = Type.Union([Type.Number({ description: 'seconds' }), Type.Null()]);
const Quantiles = shape(
  { count: Count, mean: Seconds, p50: Seconds, p90: Seconds, p99: Seconds },
  'Quantiles are upper bounds, at most twice the true value; null where nothing was measured.',
);

export const DeliveryFigures = shape(
  {
    events: Type.Integer({ minimum: 0, description: 'Events that went out, however many listened, if any' }),
    deliveries: Type.Integer({
      minimum: 0,
      description: 'Copies written to connections, retries and replays aside',
    }),
    replayed: Type.Integer({
      minimum: 0,
      description: 'Copies written to connections that came back, of what they had missed',
    }),
    confirmed: Count,
    retries: Count,
    superseded: Count,
    expired: Type.Integer({ minimum: 0, description: 'The connection was gone before it confirmed' }),
    dead_letters: Count,
    dropped: Type.Integer({ minimum: 0, description: '`low`, for listeners that were too slow' }),
    coalesced: Type.Integer({
      minimum: 0,
      description: '`normal`, replaced by a newer one for slow listeners',
    }),
    confirmation_rate: Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], {
      description: 'confirmed of confirmed and dead; null where there is none',
    }),
  },
  'What became of deliveries.',
);
export type DeliveryFigures = Static<typeof DeliveryFigures>;

const Paths = shape({
  local: shape({ events: Count }),
  bus: shape({ events: Count, published: Count, failed: Count, skipped: Count }),
  duplicates: Type.Integer({ minimum: 0, description: 'Had been passed on already when they came' }),
  gaps_repaired: Type.Integer({ minimum: 0, description: 'Neither path brought them; the log had them' }),
});

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

export const ServerStatistics = shape(
  {
    server_time: Time,
    since: Type.Number({ description: 'When this process started: Unix time in seconds' }),
    now: shape({ rooms: Count, connections: Count, pending_confirmations: Count }),
    total: PeriodFigures,
    last_hour: PeriodFigures,
  },
  'This node since its start, and in the last hour. Names no room.',
);
export type ServerStatistics = Static<typeof ServerStatistics>;

export const RoomStatistics = shape(
  {
    server_time: Time,
    sequence: Type.Integer({ minimum: 0, description: "The room's newest event" }),
    participants: Count,
    online: Count,
    tracks: shape({ queued: Count, played: Count }),
    connections: Type.Integer({ minimum: 0, description: 'to this node' }),
    pending_confirmations: Count,
    deliveries: DeliveryFigures,
  },
  'A room; deliveries are those of this node while the room is active, and for an hour after.',
);
export type RoomStatistics = Static<typeof RoomStatistics>;
