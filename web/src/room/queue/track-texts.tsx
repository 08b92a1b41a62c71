import type { Track } from '@roomcast/client';
import classes from './queue-row.module.css';

/** Title, artist and who added a track, as rows have them. */
export function TrackTexts({ track: { title, artist, uploader } }: { track: Track }) {
  return (
    <span className={classes.texts}>
      <span className={classes.title} dir="auto" title={title}>
        {title}
      </span>
      <span className={classes.by}>
        {artist !== null && <bdi>{artist}</bdi>}
        {artist !== null && ' · '}
        <bdi>{uploader.username}</bdi>
      </span>
    </span>
  );
}
