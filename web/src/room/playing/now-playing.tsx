import { Text, Title, VisuallyHidden } from '@mantine/core';
import type { Track } from '@roomcast/client';
import type { Ref } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useRoomState } from '../joined-room.js';
import { FloatingReactions } from '../reactions/floating-reactions.js';
import { ReactionBar } from '../reactions/reaction-bar.js';
import { useMay } from '../permissions.js';
import { SyncBadge } from '../sound/sync-badge.js';
import { MuteButton, VolumeControl } from '../sound/volume-control.js';
import { AddMusicButton } from '../uploads/add-music-button.js';
import { Cover } from './cover.js';
import classes from './now-playing.module.css';
import { SeekBar } from './seek-bar.js';
import { Transport } from './transport.js';

/** What the room plays, large, with everything that controls it. */
export function NowPlaying({ ref, hasVolume }: { ref?: Ref<HTMLElement>; hasVolume: boolean }) {
  const { room: text } = useTexts();
  const track = useRoomState((state) => state.current_track);
  return (
    // It takes the focus when the small player gives way to it.
    <section ref={ref} className={classes.playing} aria-labelledby="now-playing" tabIndex={-1}>
      <VisuallyHidden>
        <h2 id="now-playing">{text.nowPlaying}</h2>
      </VisuallyHidden>
      <div className={classes.stage}>
        <Cover key={track?.id ?? ''} track={track} size={1024} className={classes.cover} />
        <FloatingReactions />
      </div>
      {track ? <CurrentTrack track={track} /> : <Nothing />}
      <Transport />
      <div className={classes.device}>
        <SyncBadge />
        {hasVolume ? <VolumeControl /> : <MuteButton />}
      </div>
      <ReactionBar />
    </section>
  );
}

function CurrentTrack({ track }: { track: Track }) {
  const { room: text } = useTexts();
  return (
    <>
      <div className={classes.texts}>
        <Title order={3} className={classes.title} dir="auto" title={track.title}>
          {track.title}
        </Title>
        <Text className={classes.artist} dir="auto">
          {track.artist ?? track.album ?? ' '}
        </Text>
        <Text size="sm" c="dimmed" truncate>
          {text.addedBy} <bdi>{track.uploader.username}</bdi>
        </Text>
      </div>
      <SeekBar key={track.id} track={track} />
    </>
  );
}

function Nothing() {
  const { room: text } = useTexts();
  const mayUpload = useMay('upload');
  const hasQueue = useRoomState((state) => state.queue.length > 0);
  return (
    <div className={classes.texts}>
      <Title order={3} className={classes.title}>
        {text.nothingPlays}
      </Title>
      {!hasQueue && (
        <>
          <Text c="dimmed">{mayUpload ? text.nothingPlaysHint : text.nothingPlaysWait}</Text>
          {mayUpload && (
            <div className={classes.first}>
              <AddMusicButton size="lg" />
            </div>
          )}
        </>
      )}
    </div>
  );
}
