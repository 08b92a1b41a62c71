import type { Track } from '../contract.js';
import { historyLength, type RoomView } from './room-view.js';

/** What plays once the queue is empty; undefined if that is not known here, null if nothing does. */
function fallbackOf({ settings, history, current_track }: RoomView): Track | null | undefined {
  if (settings.fallback !== 'history') return null;
  // Of a longer history only the newest tracks are known.
  return history.length < historyLength ? (history.at(-1) ?? current_track) : undefined;
}

/** What plays if the current track is skipped; undefined if it is not known here, null if nothing does. */
export const nextIfSkipped = (state: RoomView): Track | null | undefined =>
  state.queue[0] ?? fallbackOf(state);

/** What plays after the current track has ended by itself, where it is known; the current track if it starts again. */
export function nextIfEnded(state: RoomView): Track | null {
  const { settings, queue, current_track } = state;
  if (settings.repeat === 'track') return current_track;
  return queue[0] ?? (settings.repeat === 'queue' ? current_track : (fallbackOf(state) ?? null));
}
