import type { Track } from '../contract/index.js';
import type { TrackRow } from '../database/schema.js';

export type TrackWithUploader = TrackRow & { uploader_name: string };

/** A track as REST answers and events show it. */
export const trackView = (row: TrackWithUploader): Track => ({
  id: row.id,
  room_id: row.room_id,
  title: row.title,
  artist: row.artist,
  album: row.album,
  original_name: row.original_name,
  duration: row.duration,
  mime_type: row.mime_type,
  size_bytes: row.size_bytes,
  has_cover: row.cover_sha256 !== null,
  uploader: { id: row.uploader_id, username: row.uploader_name },
  vote_score: row.vote_score,
  status: row.status,
  placed: row.placed_position !== null,
  stream_url: `/api/tracks/${row.id}/stream`,
  cover_url: row.cover_sha256 === null ? null : `/api/tracks/${row.id}/cover`,
  created_at: row.created_at,
});
