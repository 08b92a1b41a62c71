import type { RoomcastEvent } from '@roomcast/client';
import type { Texts } from '../../i18n/language.js';
import { isolate } from '../../parts/isolate.js';
import type { Activity } from './activity-log.js';

/** A sentence about an event; undefined for one that this page does not know. */
export function describeActivity(activity: Activity, texts: Texts['room']): string | undefined {
  const { events: text } = texts;
  const event = activity as unknown as RoomcastEvent;
  switch (event.type) {
    case 'user_joined':
    case 'user_connected_websocket':
    case 'user_disconnected_websocket':
      return text[event.type](isolate(event.data.user.username));
    case 'user_left': {
      const { reason, user } = event.data;
      return text[`user_${reason}`](isolate(user.username));
    }
    case 'user_updated':
      return text.user_updated(isolate(event.data.user.username), isolate(event.data.previous_username));
    case 'track_added':
      return text.track_added(isolate(event.data.uploader.username), isolate(event.data.track.title));
    case 'track_voted':
    case 'track_unvoted':
      return text[event.type](isolate(event.data.voter.username), isolate(event.data.track.title));
    case 'track_removed':
      return text.track_removed(isolate(event.data.removed_by.username), isolate(event.data.track.title));
    case 'queue_reordered':
      return text.queue_reordered(isolate(event.data.user.username), event.data.queue_position);
    case 'playback_started':
      return text.playback_started(isolate(event.data.track.title));
    case 'playback_paused':
    case 'playback_resumed':
    case 'playback_stopped':
      return text[event.type](isolate(event.data.user?.username ?? text.someone));
    case 'playback_seeked':
      // Without a user it is the server, after a restart: nothing to be heard has changed.
      return event.data.user ? text.playback_seeked(isolate(event.data.user.username)) : undefined;
    case 'track_skipped': {
      const { reason, user, previous_track: previous, track } = event.data;
      if (reason === 'skipped' && !user) return text.skipped_by_vote(isolate(previous.title));
      if (reason === 'skipped') {
        return text.track_skipped(isolate(user?.username ?? text.someone), isolate(previous.title));
      }
      return track ? text.playback_started(isolate(track.title)) : text.track_ended(isolate(previous.title));
    }
    case 'room_state_updated':
      return text.room_state_updated;
    case 'skip_voted':
      return text.skip_voted(isolate(event.data.user.username), event.data.votes, event.data.needed);
    case 'server_status':
      return text.server_status;
    case 'listeners_updated':
    case 'room_created':
    case 'room_deleted':
    case 'reaction_sent':
    case 'error':
      return undefined;
    default:
      // A newer server's.
      return undefined;
  }
}
