import { Button } from '@mantine/core';
import { IconCloudOff, IconPlayerPauseFilled, IconUsers, IconVolume } from '@tabler/icons-react';
import type { Connection, Track } from '@roomcast/client';
import { useSecondsUntil } from '../entrance/countdown.js';
import { type Texts, useTexts } from '../i18n/language.js';
import { useJoinedRoom, useRoomState } from '../room/joined-room.js';
import { Cover } from '../room/playing/cover.js';
import { tintOf } from '../room/playing/tint.js';
import { useStore } from '../stores/use-store.js';
import { QrImage } from './qr-image.js';
import { TvProgress } from './tv-progress.js';
import { TvTools } from './tv-tools.js';
import classes from './tv.module.css';
import { useIdle } from './use-idle.js';
import { useRoomLink } from './use-room-link.js';

const shownNext = 3;
const idleMs = 3000;

/** What a room shows on a screen on the wall: readable from across the room, with the way in for phones. */
export function TvView() {
  const { common, tv: text } = useTexts();
  const name = useRoomState((state) => state.name);
  const online = useRoomState((state) => state.online_count);
  const track = useRoomState((state) => state.current_track);
  const isPaused = useRoomState((state) => state.playback.status !== 'playing');
  const isIdle = useIdle(idleMs);
  return (
    <main className={classes.screen} style={tintOf(track)} data-idle={isIdle}>
      <header className={classes.header}>
        <h1 dir="auto" className={classes.room}>
          {name}
        </h1>
        <span className={classes.people}>
          <IconUsers aria-hidden size="1em" />
          {common.listeners(online)}
        </span>
      </header>
      <TvTools isShown={!isIdle} />
      <Cover track={track} size={1024} className={classes.cover} />
      <section className={classes.now} aria-label={text.nowPlaying}>
        <div aria-live="polite">{track ? <Playing track={track} isPaused={isPaused} /> : <Silence />}</div>
        <SoundBlocked />
        <Next />
      </section>
      <footer className={classes.footer}>
        <div className={classes.progress}>{track && <TvProgress />}</div>
        <Code />
      </footer>
      <Reconnecting />
    </main>
  );
}

function Playing({ track: { title, artist }, isPaused }: { track: Track; isPaused: boolean }) {
  const { tv: text } = useTexts();
  return (
    <>
      {isPaused && (
        <p className={classes.paused}>
          <IconPlayerPauseFilled aria-hidden size="1em" /> {text.paused}
        </p>
      )}
      <p dir="auto" className={classes.title}>
        {title}
      </p>
      {artist !== null && (
        <p dir="auto" className={classes.artist}>
          {artist}
        </p>
      )}
    </>
  );
}

function Silence() {
  const { tv: text } = useTexts();
  return (
    <>
      <p className={classes.title}>{text.silence}</p>
      <p className={classes.artist}>{text.addByPhone}</p>
    </>
  );
}

function Next() {
  const { tv: text } = useTexts();
  const queue = useRoomState((state) => state.queue);
  const hasTrack = useRoomState((state) => state.current_track !== null);
  if (!hasTrack && queue.length === 0) return null;
  return (
    <div className={classes.next}>
      <h2 className={classes.heading}>{text.upNext}</h2>
      {queue.length === 0 && <p className={classes.nothing}>{text.nothingNext}</p>}
      <ol className={classes.list}>
        {queue.slice(0, shownNext).map((track) => (
          <li key={track.id} className={classes.item}>
            <Cover track={track} size={320} className={classes.small} />
            <span className={classes.itemText}>
              <bdi className={classes.itemTitle}>{track.title}</bdi>
              {track.artist !== null && <bdi className={classes.itemArtist}>{track.artist}</bdi>}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The way in; nothing where this screen may not invite anyone. */
function Code() {
  const { tv: text } = useTexts();
  const url = useRoomLink();
  const mayUpload = useRoomState((state) => state.settings.upload === 'everyone');
  if (url === undefined) return null;
  return (
    <div className={classes.code}>
      <span>{mayUpload ? text.scanToAdd : text.scan}</span>
      <QrImage text={url} label={text.codeLabel} />
    </div>
  );
}

function SoundBlocked() {
  const { tv: text } = useTexts();
  const { player } = useJoinedRoom();
  const status = useStore(player.status);
  if (status.is !== 'blocked') return null;
  return (
    <Button
      size="xl"
      radius="xl"
      mt="md"
      leftSection={<IconVolume aria-hidden />}
      onClick={() => void player.unlock()}
    >
      {text.turnOnSound}
    </Button>
  );
}

/** The same words as in the room. The seconds are not read out again and again. */
function Reconnecting() {
  const { common, room: text } = useTexts();
  const { room } = useJoinedRoom();
  const isLost = useStore(room.status) === 'reconnecting';
  const connection = useStore(room.connection);
  const seconds = useSecondsUntil(connection.is === 'offline' ? connection.retryAt : undefined);
  const reason = isLost ? waitsFor(connection, text) : undefined;
  return (
    <div role="status">
      {reason !== undefined && (
        <p className={classes.banner}>
          <IconCloudOff aria-hidden size="1.2em" />
          <span>
            {reason}
            {connection.is === 'offline' && (
              <span aria-hidden> {text.offline.nextTry(common.inSeconds(seconds))}</span>
            )}
          </span>
        </p>
      )}
    </div>
  );
}

function waitsFor(connection: Connection, { offline }: Texts['room']): string | undefined {
  switch (connection.is) {
    case 'offline':
      return offline[connection.reason];
    case 'connecting':
      return offline.connecting;
    case 'catching_up':
      return offline.catching_up(connection.to - connection.from);
    case 'live':
    case 'closed':
      return undefined;
  }
}
