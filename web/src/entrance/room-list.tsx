import { Badge, Skeleton, Text } from '@mantine/core';
import type { RoomSummary } from '@roomcast/client';
import { IconHeadphones, IconLock } from '@tabler/icons-react';
import { type MouseEvent, useEffect } from 'react';
import { Link } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { useSession, useSignedIn } from '../session/session-context.js';
import { primeSound } from '../session/sound.js';
import { usePart, useStore } from '../stores/use-store.js';
import classes from './room-list.module.css';

/** Rooms come and go by events; how many people are in them is asked for this often. */
const refreshMs = 15_000;

/** The public rooms and the user's own, as they are. */
export function RoomList() {
  const { entrance, common } = useTexts();
  const session = useSession();
  const { lobby } = session.roomcast;
  const rooms = useStore(lobby.rooms);
  const isOffline = usePart(lobby.connection, ({ is }) => is === 'offline' || is === 'closed');
  const isRefused = usePart(lobby.connection, (now) => now.is === 'closed' && now.reason === 'unauthorized');
  useEffect(() => {
    // The form for the name appears again.
    if (isRefused) session.forget();
  }, [isRefused, session]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && lobby.connection.current.is === 'live') lobby.refresh().catch(() => undefined);
    }, refreshMs);
    return () => clearInterval(timer);
  }, [lobby]);
  return (
    <>
      <div role="status" className={classes.status}>
        {isOffline && (
          <Text size="sm" c="dimmed">
            {rooms ? entrance.roomsOffline : entrance.roomsUnreachable}
          </Text>
        )}
      </div>
      {rooms === null && (
        <div className={classes.list} aria-busy="true" aria-label={common.loading}>
          {[1, 2, 3].map((row) => (
            <Skeleton key={row} height={76} radius="lg" />
          ))}
        </div>
      )}
      {rooms?.length === 0 && <Text c="dimmed">{entrance.noRooms}</Text>}
      {rooms && rooms.length > 0 && (
        <ul className={classes.list}>
          {[...rooms].sort(liveliestFirst).map((room) => (
            <RoomItem key={room.id} room={room} />
          ))}
        </ul>
      )}
    </>
  );
}

/** Those with people first; the others stay in their order, newest first. */
const liveliestFirst = (a: RoomSummary, b: RoomSummary): number => b.online_count - a.online_count;

/** Clicks that open another tab do not lead to the room in this one. */
function prime({ ctrlKey, metaKey, shiftKey, altKey }: MouseEvent): void {
  if (!ctrlKey && !metaKey && !shiftKey && !altKey) primeSound();
}

function RoomItem({ room }: { room: RoomSummary }) {
  const { entrance } = useTexts();
  const userId = useSignedIn()?.user.id;
  const { id, name, online_count: people, visibility, administrator } = room;
  return (
    <li>
      {/* The click lets the page play: the room opens without asking again. */}
      <Link href={`/rooms/${id}`} className={classes.room} onClick={prime}>
        <span className={classes.icon} data-live={people > 0 || undefined} aria-hidden>
          <IconHeadphones size={22} />
        </span>
        <span className={classes.text}>
          <Text span fw={600} lineClamp={2} className={classes.name}>
            <bdi>{name}</bdi>
          </Text>
          <Text span size="sm" c="dimmed" className={classes.people}>
            {entrance.people(people)}
          </Text>
        </span>
        {visibility === 'private' && (
          <Badge variant="light" color="gray" leftSection={<IconLock size={12} />}>
            {entrance.privateRoom}
          </Badge>
        )}
        {administrator?.id === userId && (
          <Badge variant="light" className={classes.own}>
            {entrance.yourRoom}
          </Badge>
        )}
      </Link>
    </li>
  );
}
