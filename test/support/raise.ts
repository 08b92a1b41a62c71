import type { Envelope, RoomEvent } from '../../src/contract/index.js';
import { EventBroadcasterService } from '../../src/events/event-broadcaster.service.js';
import type { Person } from './api.js';
import type { TestServer } from './server.js';

/** Raises events of a room without changing it. */
export function raiser({ app }: TestServer, { user }: Person, roomId: string) {
  const broadcaster = app.get(EventBroadcasterService);
  /** One change that raises `count` events. `text` makes them as large as needed. */
  const raise =
    (type: 'user_joined' | 'queue_reordered' | 'user_connected_websocket') =>
    (count = 1, text = ''): Promise<RoomEvent[]> =>
      broadcaster.roomChange(roomId, (change) => {
        const username = user.username + text;
        const who = { ...user, username };
        const raiseOne = (index: number): RoomEvent => {
          switch (type) {
            case 'user_joined':
              return change.userActivity(type, { user: who, participant_count: index });
            case 'queue_reordered':
              return change.trackActivity(type, { track_id: roomId, queue_position: index + 1, user: who });
            case 'user_connected_websocket':
              return change.userActivity(type, { user: who, online_count: index });
          }
        };
        return Promise.resolve(Array.from({ length: count }, (_, index) => raiseOne(index)));
      });
  return {
    critical: raise('user_joined'),
    high: raise('queue_reordered'),
    presence: raise('user_connected_websocket'),
    /** Not logged. */
    normal: (online_count = 0): Promise<RoomEvent> =>
      broadcaster.roomChange(roomId, (change) =>
        Promise.resolve(change.userActivity('listeners_updated', { online_count, listening_count: 0 })),
      ),
  };
}

/** The copies of one event, in the order of arrival. */
export const copiesOf = (events: readonly Envelope[], eventId: string): Envelope[] =>
  events.filter(({ event_id }) => event_id === eventId);
