import type { RoomcastEvent } from '../wire.js';
import type { ClosedReason, OfflineReason } from './connection.js';

/** What to do about a refused or closed connection. */
export type Outcome =
  | { readonly do: 'retry'; readonly reason: OfflineReason }
  /** Ask for another token, and try at once. */
  | { readonly do: 'renew' }
  | { readonly do: 'give_up'; readonly reason: ClosedReason };

/**
 * Decides by the server's error code. Unknown codes are retried: a newer server may have good reasons that end.
 * @param code undefined if the server gave none, because it was not reached
 */
export function outcomeOf(code: string | undefined): Outcome {
  switch (code) {
    case undefined:
      return { do: 'retry', reason: 'network' };
    case 'unauthorized':
    case 'session_ended':
      return { do: 'renew' };
    case 'room_not_found':
      return { do: 'give_up', reason: 'deleted' };
    case 'not_a_participant':
      return { do: 'give_up', reason: 'kicked' };
    case 'banned':
      return { do: 'give_up', reason: 'banned' };
    case 'not_found':
    case 'malformed':
      return { do: 'give_up', reason: 'protocol' };
    default:
      return { do: 'retry', reason: 'server' };
  }
}

/** What to do when the connection ends, where an event says that and why the server is about to close it. */
export function endAnnouncedBy({ type, data }: RoomcastEvent): Outcome | undefined {
  if (type === 'error') return outcomeOf(data.code);
  return type === 'server_status' && data.status === 'draining' ? outcomeOf('draining') : undefined;
}
