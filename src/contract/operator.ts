import { Type, type Static } from 'typebox';
import { Count, Id, orNull, Sequence, shape, Time, User, Visibility } from './views.js';

/* What the operator of the server reads. */

const next = orNull(Id);

const Seconds = orNull(Type.Number({ description: 'Seconds' }));
const Latency = shape(
  { count: Count, p50: Seconds, p95: Seconds, p99: Seconds },
  'Upper bounds of histogram buckets, at most twice the true value; null if nothing was measured.',
);

/** The answer of `GET /api/admin/overview`. */
export const AdminOverview = shape(
  {
    server_time: Time,
    started_at: Time,
    uptime: Type.Number({ minimum: 0, description: 'Seconds since this process started' }),
    version: Type.String(),
    node_id: Id,
    nodejs: Type.String({ description: 'The version of Node.js' }),
    rooms: Count,
    users: Count,
    connections: Type.Integer({ minimum: 0, description: 'Open connections to this node' }),
    events_per_second: Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
      description: 'By event type, over the last minute on this node; types without events are left out',
    }),
    latencies: shape(
      { commit_to_write: Latency, write_to_confirmation: Latency },
      'Of the last hour on this node.',
    ),
    confirmations: shape(
      { pending: Count, confirmed: Count, retries: Count, dead_letters: Count },
      'Since this process started.',
    ),
    memory: shape({ rss_bytes: Count, heap_used_bytes: Count, external_bytes: Count }),
    loop_delay: orNull(
      shape(
        { mean: Type.Number(), p50: Type.Number(), p99: Type.Number(), max: Type.Number() },
        'By how many seconds timers were late since the last request of the overview. Null for the first request: it is measured only while the overview is being read.',
      ),
    ),
    storage: shape({
      tracks: Count,
      bytes: Type.Integer({ minimum: 0, description: 'Audio and covers of all tracks' }),
      max_bytes: orNull(Count),
    }),
  },
  'The state of the server.',
);
export type AdminOverview = Static<typeof AdminOverview>;

/** A room as the operator sees it. */
export const AdminRoom = shape({
  id: Id,
  name: Type.String(),
  visibility: Visibility,
  administrator: orNull(User),
  created_at: Time,
  participants: Count,
  online: Count,
  connections: Type.Integer({ minimum: 0, description: 'Connections to this node' }),
  tracks: Count,
  bytes: Type.Integer({ minimum: 0, description: 'Audio and covers of its tracks' }),
  sequence: Sequence,
});
export type AdminRoom = Static<typeof AdminRoom>;

/** The answer of `GET /api/admin/rooms`. */
export const AdminRoomList = shape({
  rooms: Type.Array(AdminRoom, { description: 'Newest first' }),
  more: Type.Boolean(),
  next,
});
export type AdminRoomList = Static<typeof AdminRoomList>;

/** A user as the operator sees them. */
export const AdminUser = shape({
  id: Id,
  username: Type.String(),
  guest: Type.Boolean(),
  created_at: Time,
  banned_at: orNull(Time),
});
export type AdminUser = Static<typeof AdminUser>;

/** The answer of `GET /api/admin/users`. */
export const AdminUserList = shape({
  users: Type.Array(AdminUser, { description: 'Newest first' }),
  more: Type.Boolean(),
  next,
});
export type AdminUserList = Static<typeof AdminUserList>;

export const AdminUserAnswer = shape({ user: AdminUser });
