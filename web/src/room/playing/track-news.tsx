import { VisuallyHidden } from '@mantine/core';
import type { Track } from '@roomcast/client';
import { useEffect, useState } from 'react';
import { useTexts } from '../../i18n/language.js';
import { isolate } from '../../parts/isolate.js';
import { useRoomState } from '../joined-room.js';

/** Says to screen readers what plays when that changes, and names the browser's tab after it while the user is here. */
export function TrackNews() {
  const { room: text } = useTexts();
  const name = useRoomState((state) => state.name);
  const track = useRoomState((state) => state.current_track);
  const title = track?.title;
  const [firstId] = useState(track?.id);
  // Whoever comes in reads what plays: that is no news.
  const [isNews, setNews] = useState(false);
  if (!isNews && track && track.id !== firstId) setNews(true);
  useEffect(() => {
    const before = document.title;
    return () => {
      document.title = before;
    };
  }, []);
  useEffect(() => {
    document.title = title === undefined ? name : `${title} · ${name}`;
  }, [title, name]);
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {isNews && track && text.playsNow(wordsFor(track))}
    </VisuallyHidden>
  );
}

const wordsFor = ({ title, artist }: Track): string =>
  artist === null ? isolate(title) : `${isolate(title)} · ${isolate(artist)}`;
