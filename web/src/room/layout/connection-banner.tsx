import { IconCloudOff, IconRefresh } from '@tabler/icons-react';
import type { Connection } from '@roomcast/client';
import { useEffect, useState } from 'react';
import { type Texts, useTexts } from '../../i18n/language.js';
import { useStore } from '../../stores/use-store.js';
import { useJoinedRoom } from '../joined-room.js';
import classes from './connection-banner.module.css';

/** Says what the room waits for while it is not live, and when it is tried again. Short breaks do not show. */
export function ConnectionBanner() {
  const texts = useTexts();
  const { room } = useJoinedRoom();
  const status = useStore(room.status);
  const connection = useStore(room.connection);
  const isDraining = useDraining();
  const now = useNowMs(connection.is === 'offline');
  const isShown = status === 'reconnecting' || connection.is === 'catching_up';
  const text = isShown ? describe(connection, texts) : isDraining ? texts.room.offline.draining : undefined;
  return (
    // The region stays, so that screen readers notice what appears in it; the seconds are not read out again and again.
    <div role="status" aria-live="polite">
      {text !== undefined && (
        <div className={classes.banner}>
          {connection.is === 'offline' ? (
            <IconCloudOff size={20} aria-hidden />
          ) : (
            <IconRefresh size={20} aria-hidden />
          )}
          <span>
            {text}
            {isShown && connection.is === 'offline' && (
              <span aria-hidden> {nextTry(connection.retryAt, now, texts)}</span>
            )}
          </span>
        </div>
      )}
    </div>
  );
}

function describe(connection: Connection, { room: { offline } }: Texts): string | undefined {
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

const nextTry = (retryAt: number, now: number, { common, room }: Texts): string =>
  room.offline.nextTry(common.inSeconds(Math.max(0, Math.ceil((retryAt - now) / 1000))));

/** Whether the server has said that it restarts. It ends with the connection. */
function useDraining(): boolean {
  const { room } = useJoinedRoom();
  const [isDraining, setDraining] = useState(false);
  useEffect(() => {
    const removeHandler = room.on('server_status', ({ data }, { replayed }) => {
      if (!replayed) setDraining(data.status === 'draining');
    });
    const unsubscribe = room.connection.subscribe(() => {
      if (room.connection.current.is !== 'live') setDraining(false);
    });
    return () => {
      removeHandler();
      unsubscribe();
    };
  }, [room]);
  return isDraining;
}

function useNowMs(isCounting: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isCounting) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isCounting]);
  return now;
}
