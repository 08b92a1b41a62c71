import type { Media, Track } from '@roomcast/client';
import { useEffect, useState } from 'react';
import { useJoinedRoom } from '../joined-room.js';

const bars = 96;

export type Waveform =
  /** There is none: the track is too old, or could not be read. */
  | { readonly is: 'missing' }
  | { readonly is: 'loading' }
  /** An SVG path in `waveformBox`. */
  | { readonly is: 'loaded'; readonly path: string };

/** The waveform of a track. */
export function useWaveform(track: Track): Waveform {
  const { media } = useJoinedRoom().roomcast;
  const { id } = track;
  const { has_waveform: isThere } = track;
  const [loaded, setLoaded] = useState<{ id: string; path: string | undefined }>();
  useEffect(() => {
    if (!isThere) return;
    const abort = new AbortController();
    load(media, id, abort.signal).then(
      (peaks) => setLoaded({ id, path: pathOf(peaks) }),
      () => {
        if (!abort.signal.aborted) setLoaded({ id, path: undefined });
      },
    );
    return () => abort.abort();
  }, [media, id, isThere]);
  if (!isThere) return { is: 'missing' };
  if (loaded?.id !== id) return { is: 'loading' };
  return loaded.path === undefined ? { is: 'missing' } : { is: 'loaded', path: loaded.path };
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
