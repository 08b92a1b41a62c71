import type { Playback, RoomState, Track } from '../../src/contract.js';

type Comparable = RoomState & { readonly history: readonly Track[] };

const track = ({ id, uploader, vote_score, status, placed, created_at }: Track) => [
  id,
  uploader.id,
  uploader.username,
  vote_score,
  status,
  placed,
  created_at,
];
const user = ({ id, username, guest }: { id: string; username: string; guest: boolean }) => [
  id,
  username,
  guest,
];
const playback = ({ status, track_id, position, started_at, version }: Playback) => [
  status,
  track_id,
  position,
  started_at,
  version,
];

/** Everything of a room's state that a client folds, as text to compare. */
export const digest = (state: Comparable): string =>
  JSON.stringify([
    [
      state.id,
      state.name,
      state.visibility,
      state.settings,
      state.administrator && user(state.administrator),
    ],
    state.participants.map((one) => [...user(one), one.joined_at]),
    state.participant_count,
    state.online_users.map(user),
    state.online_count,
    state.current_track && track(state.current_track),
    state.queue.map(track),
    state.history.map(track),
    playback(state.playback),
    state.skip_voters,
  ]);
