const id = '01a2086d-9716-714f-b2e2-3e5604996776';
const user = { id, username: 'somebody', guest: true };
const playback = { status: 'playing', track_id: id, position: 42.5, started_at: 1795437729.809, version: 7 };
const track = {
  id,
  room_id: id,
  title: 'A song of ordinary length',
  artist: 'An ordinary band',
  album: null,
  original_name: 'song.mp3',
  duration: 183.03,
  mime_type: 'audio/mpeg',
  size_bytes: 4244980,
  has_cover: false,
  uploader: { id, username: 'somebody' },
  vote_score: 3,
  status: 'queued',
  placed: false,
  stream_url: `/api/tracks/${id}/stream`,
  cover_url: null,
  cover_color: null,
  loudness: { integrated_lufs: -9.87, true_peak_db: 0.43 },
  has_waveform: true,
  created_at: 1795437729.559,
};

/** The same payloads for every server: one of each of the two kinds that are measured. */
export const envelopeData = (type) =>
  type === 'track_voted' ? { track, voter: user, queue_position: 4 } : { playback, user };
