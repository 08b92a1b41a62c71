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
  cover_color: row.cover_color,
  loudness:
    row.integrated_lufs === null || row.true_peak_db === null
      ? null
      : { integrated_lufs: row.integrated_lufs, true_peak_db: row.true_peak_db },
  has_waveform: row.has_waveform === 1,
  created_at: row.created_at,
});

/** The file of a cover; null if there is none. Tracks from before the sizes have one file for all of them. */
export function coverFile(row: TrackRow, size: '96' | '320' | '1024' = '1024'): string | null {
  const smaller = size === '96' ? row.cover_96_sha256 : size === '320' ? row.cover_320_sha256 : null;
  return smaller ?? row.cover_sha256;
}
