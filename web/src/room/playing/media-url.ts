import type { Media } from '@roomcast/client';
import { useCallback, useEffect, useState } from 'react';
import { useJoinedRoom } from '../joined-room.js';

/** URLs carry a token, which is valid for an hour. A URL that stays the same is not loaded again. */
const reuseMs = 45 * 60_000;
const maxUrls = 2_000;

const cache = new WeakMap<Media, Map<string, { url: string; at: number }>>();

function cacheOf(media: Media) {
  const urls = cache.get(media) ?? new Map<string, { url: string; at: number }>();
  cache.set(media, urls);
  return urls;
}

function reusable(media: Media, path: string): string | undefined {
  const known = cacheOf(media).get(path);
  return known && Date.now() - known.at < reuseMs ? known.url : undefined;
}

interface Shown {
  readonly path: string | null;
  readonly url: string | undefined;
  /** Whether the first URL could not be loaded. */
  readonly isRetry: boolean;
}

/**
 * A URL that an image can load; undefined until it is known.
 * @returns the URL, and what to call when it cannot be loaded: it is then asked for once more
 */
export function useMediaUrl(path: string | null): [string | undefined, () => void] {
  const { media } = useJoinedRoom().roomcast;
  const begin = (): Shown => ({
    path,
    url: path === null ? undefined : reusable(media, path),
    isRetry: false,
  });
  const [state, setState] = useState(begin);
  // Reset for another path. For the same path the URL is kept, because its picture has been loaded.
  const shown = state.path === path ? state : begin();
  if (shown !== state) setState(shown);
  const { url, isRetry } = shown;
  useEffect(() => {
    if (path === null || url !== undefined) return;
    let isWanted = true;
    media.url(path).then(
      (value) => {
        const urls = cacheOf(media);
        if (urls.size >= maxUrls) urls.clear();
        urls.set(path, { url: value, at: Date.now() });
        if (isWanted) setState({ path, url: value, isRetry });
      },
      // The placeholder stays.
      () => undefined,
    );
    return () => {
      isWanted = false;
    };
  }, [media, path, url, isRetry]);
  const onError = useCallback(() => {
    if (path === null || isRetry) return;
    cacheOf(media).delete(path);
    setState({ path, url: undefined, isRetry: true });
  }, [media, path, isRetry]);
  return [url, onError];
}
