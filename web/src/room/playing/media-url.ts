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

/**
 * A URL that an image can load; undefined until it is known.
 * @returns the URL, and what to call when it cannot be loaded: it is then asked for once more
 */
export function useMediaUrl(path: string | null): [string | undefined, () => void] {
  const { media } = useJoinedRoom().roomcast;
  const [loaded, setLoaded] = useState<{ path: string; url: string }>();
  const [retries, setRetries] = useState(0);
  const known = path === null ? undefined : reusable(media, path);
  const url = known ?? (loaded && loaded.path === path ? loaded.url : undefined);
  useEffect(() => {
    if (path === null || reusable(media, path)) return;
    let isWanted = true;
    media.url(path).then(
      (value) => {
        const urls = cacheOf(media);
        if (urls.size >= maxUrls) urls.clear();
        urls.set(path, { url: value, at: Date.now() });
        if (isWanted) setLoaded({ path, url: value });
      },
      // The placeholder stays.
      () => undefined,
    );
    return () => {
      isWanted = false;
    };
  }, [media, path, retries]);
  const onError = useCallback(() => {
    if (path === null || retries > 0) return;
    cacheOf(media).delete(path);
    setRetries(1);
  }, [media, path, retries]);
  return [url, onError];
}
