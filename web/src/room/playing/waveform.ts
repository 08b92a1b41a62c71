import type { Media, Track } from '@roomcast/client';
import { useEffect, useState } from 'react';
import { useJoinedRoom } from '../joined-room.js';
import { featuresOf } from '../room-features.js';

const bars = 96;

/** The waveform of a track as an SVG path in a box of `bars` by 100; undefined while it is loaded, and where there is none. */
export function useWaveform(track: Track): string | undefined {
  const { media } = useJoinedRoom().roomcast;
  const { id } = track;
  const { has_waveform: isThere = false } = featuresOf(track);
  const [loaded, setLoaded] = useState<{ id: string; path: string }>();
  useEffect(() => {
    if (!isThere) return;
    const abort = new AbortController();
    load(media, id, abort.signal).then(
      (peaks) => setLoaded({ id, path: pathOf(peaks) }),
      // A plain bar is shown.
      () => undefined,
    );
    return () => abort.abort();
  }, [media, id, isThere]);
  return loaded?.id === id ? loaded.path : undefined;
}

export const waveformBox = `0 0 ${bars} 100`;

async function load(media: Media, trackId: string, signal: AbortSignal): Promise<readonly number[]> {
  const response = await media.fetch(`/api/tracks/${encodeURIComponent(trackId)}/waveform`, { signal });
  if (!response.ok) throw new Error(`The waveform was answered with ${response.status}.`);
  const { peaks } = (await response.json()) as { peaks: number[] };
  return peaks;
}

function pathOf(peaks: readonly number[]): string {
  const loudest = Math.max(0.05, ...peaks);
  let path = '';
  for (let bar = 0; bar < bars; bar += 1) {
    const from = Math.floor((bar * peaks.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars));
    const height = Math.max(4, Math.round((Math.max(0, ...peaks.slice(from, to)) / loudest) * 100));
    const top = (100 - height) / 2;
    path += `M${bar + 0.2} ${top}h.6v${height}h-.6z`;
  }
  return path;
}
