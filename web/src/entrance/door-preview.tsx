import { Avatar, Skeleton, Text, Title } from '@mantine/core';
import type { RoomPreview } from '@roomcast/client';
import { IconMusic } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import { useTexts } from '../i18n/language.js';
import { initialOf } from '../parts/account-menu.js';
import { isolate } from '../parts/isolate.js';
import classes from './door-preview.module.css';
import { knownPreview, type PreviewState } from './preview-loader.js';

/** What is behind the door: the room's name, what plays, and who is there. */
export function DoorPreview({ state, isInvite }: { state: PreviewState; isInvite: boolean }) {
  const { entrance, common } = useTexts();
  const preview = knownPreview(state);
  const color = preview?.current_track?.cover_color;
  return (
    <div className={classes.preview} aria-busy={state.is === 'loading'}>
      <div
        className={classes.cover}
        style={color ? ({ '--cover': color } as CSSProperties) : undefined}
        data-plays={preview?.current_track ? true : undefined}
        aria-hidden
      >
        <IconMusic size={64} stroke={1.25} />
      </div>
      <div className={classes.name}>
        <Text c="dimmed">{isInvite ? entrance.invited : entrance.room}</Text>
        {state.is === 'loading' ? (
          <Title order={1} aria-label={common.loading}>
            <Skeleton height="1em" width={220} mx="auto" />
          </Title>
        ) : (
          <Title order={1} className={classes.title}>
            <bdi>{preview?.name ?? entrance.aRoom}</bdi>
          </Title>
        )}
      </div>
      <div className={classes.facts}>
        {state.is === 'loading' && <Skeleton height={20} width={180} />}
        {preview && <Facts preview={preview} />}
      </div>
    </div>
  );
}

function Facts({ preview: { current_track: track, listeners, online_count } }: { preview: RoomPreview }) {
  const { entrance } = useTexts();
  return (
    <>
      <Text lineClamp={2} className={classes.track}>
        {track ? (
          <>
            <Text span c="dimmed">
              {entrance.nowPlaying}:{' '}
            </Text>
            <bdi>{track.title}</bdi>
            {track.artist !== null && (
              <Text span c="dimmed">
                {' · '}
                <bdi>{track.artist}</bdi>
              </Text>
            )}
          </>
        ) : (
          <Text span c="dimmed">
            {entrance.nothingPlays}
          </Text>
        )}
      </Text>
      {online_count > 0 && (
        <Avatar.Group aria-hidden>
          {listeners.map((name, at) => (
            <Avatar key={`${at} ${name}`} name={name} color="initials" radius="xl" size={36}>
              {initialOf(name)}
            </Avatar>
          ))}
        </Avatar.Group>
      )}
      <Text size="sm" c="dimmed" className={classes.track}>
        {online_count === 0
          ? entrance.nobodyHere
          : listeners.length === 0
            ? entrance.people(online_count)
            : entrance.peopleHere(
                listeners.map(isolate).join(', '),
                Math.max(0, online_count - listeners.length),
              )}
      </Text>
    </>
  );
}
