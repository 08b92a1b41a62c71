import type { Track } from '@roomcast/client';
import { IconMusic } from '@tabler/icons-react';
import { useState } from 'react';
import classes from './cover.module.css';
import { useMediaUrl } from './media-url.js';
import { tintOf } from './tint.js';

/** The cover of a track, on its color; a note where there is no cover. The title stands beside it: it says nothing itself. */
export function Cover({
  track,
  size,
  className = '',
}: {
  track: Track | null;
  /** Pixels of the picture. */
  size: 96 | 320 | 1024;
  className?: string | undefined;
}) {
  const path = track?.cover_url ? `${track.cover_url}?size=${size}` : null;
  const [url, onError] = useMediaUrl(path);
  const [shown, setShown] = useState<string>();
  return (
    <div className={`${classes.cover} ${className}`} style={tintOf(track)} aria-hidden>
      <IconMusic className={classes.note} stroke={1.5} />
      {url !== undefined && (
        <img
          key={url}
          src={url}
          alt=""
          className={classes.image}
          data-shown={shown === url}
          loading={size === 1024 ? 'eager' : 'lazy'}
          decoding="async"
          draggable={false}
          onLoad={() => setShown(url)}
          onError={onError}
        />
      )}
    </div>
  );
}
