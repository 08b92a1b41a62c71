import { RoomcastError } from '@roomcast/client';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { DoorPage } from '../entrance/door-page.js';
import { EndPage } from '../entrance/end-page.js';
import { isTransient, PreviewLoader } from '../entrance/preview-loader.js';
import { endOf, type RoomEnd } from '../entrance/room-end.js';
import { LoadingPage } from '../parts/message-page.js';
import { rememberInside, wasInside } from '../session/inside.js';
import type { RoomKey } from '../session/preview.js';
import { useSession, useSignedIn } from '../session/session-context.js';
import { openSound, openSoundWithoutClick, takePrimedSound } from '../session/sound.js';
import { useStore } from '../stores/use-store.js';
import { enterRoom, type JoinedRoom, JoinedRoomProvider } from './joined-room.js';

const loadRoomView = () => import('./room-view.js').then(({ RoomView }) => RoomView);
type View = Awaited<ReturnType<typeof loadRoomView>>;

type Stage =
  /** It is found out whether the page may play without a click. */
  | { readonly is: 'arriving' }
  | { readonly is: 'outside'; readonly error?: unknown }
  /** `quietly`: nobody has seen the door. */
  | { readonly is: 'entering'; readonly quietly: boolean }
  | { readonly is: 'inside'; readonly joined: JoinedRoom; readonly View: View }
  | { readonly is: 'ended'; readonly end: RoomEnd; readonly roomName: string | undefined };

/** How long entering without a click may take before the door is shown. */
const quietMs = 2_000;
const showDoor = (stage: Stage): Stage =>
  stage.is === 'entering' ? { is: 'entering', quietly: false } : stage;

/** A room, by its id or by an invite to it. */
export function RoomPage(key: RoomKey) {
  const path = 'invite' in key ? `invite ${key.invite}` : key.roomId;
  const [visit, setVisit] = useState({ path, id: path, number: 1 });
  // Behind the door the address of an invite becomes the room's: that is the same visit.
  if (path !== visit.path) {
    setVisit({ path, id: path, number: path === visit.id ? visit.number : visit.number + 1 });
  }
  return (
    <Visit key={visit.number} roomKey={key} onEntered={(id) => setVisit((current) => ({ ...current, id }))} />
  );
}

/** First the door, then the room, then why it ended. */
function Visit({ roomKey, onEntered }: { roomKey: RoomKey; onEntered: (roomId: string) => void }) {
  const session = useSession();
  const [, navigate] = useLocation();
  const [loader] = useState(() => new PreviewLoader(roomKey, () => session.signedIn.current?.token));
  const [stage, setStage] = useState<Stage>({ is: 'arriving' });
  const visit = useRef<AbortController>(undefined);
  const preview = useStore(loader);
  const invite = 'invite' in roomKey ? roomKey.invite : undefined;

  /** @param context made in the handler of the click that enters */
  async function enter(username: string, context: AudioContext, quietly = false): Promise<void> {
    visit.current?.abort();
    const abort = (visit.current = new AbortController());
    const { signal } = abort;
    setStage({ is: 'entering', quietly });
    const timer = setTimeout(() => setStage(showDoor), quietMs);
    try {
      const { joined, View } = await join(username, context, signal);
      if (signal.aborted) return;
      void joined.player.unlock();
      watch(joined, abort);
      rememberInside(joined.room.id);
      setStage({ is: 'inside', joined, View });
      if (invite !== undefined) {
        onEntered(joined.room.id);
        navigate(`/rooms/${joined.room.id}`, { replace: true });
      }
    } catch (error) {
      if (context.state !== 'closed') void context.close();
      if (signal.aborted) return;
      // The room may be open already.
      abort.abort();
      const end = endOf(error);
      if (end === 'unauthorized') session.forget();
      rememberInside(undefined);
      const { current } = loader;
      const roomName = current.is === 'loaded' ? current.preview?.name : undefined;
      setStage(end ? { is: 'ended', end, roomName } : { is: 'outside', error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits, and tries again, for as long as the server cannot be reached or lets nobody in. */
  async function join(username: string, context: AudioContext, signal: AbortSignal) {
    for (;;) {
      const isWaiting = loader.current.is === 'waiting';
      const known = invite !== undefined || isWaiting ? await loader.loaded(signal) : null;
      const roomId = 'roomId' in roomKey ? roomKey.roomId : known!.id;
      try {
        if (!session.signedIn.current) await session.enterAsGuest(username);
        signal.throwIfAborted();
        const options = { signal, ...(invite === undefined ? {} : { invite }) };
        const [joined, View] = await Promise.all([
          enterRoom(session.roomcast, roomId, context, options),
          loadRoomView(),
        ]);
        // Signed out meanwhile, for example in another tab.
        if (session.signedIn.current?.user.id !== joined.room.user.id) {
          throw new RoomcastError('unauthorized', 'The user has signed out.');
        }
        return { joined, View };
      } catch (error) {
        if (signal.aborted || !isTransient(error)) throw error;
        loader.wait(error);
      }
    }
  }

  /** Replaces the room by the reason when it ends. */
  function watch({ room }: JoinedRoom, abort: AbortController): void {
    const stop = room.connection.subscribe(() => {
      const { current } = room.connection;
      if (current.is !== 'closed') return;
      stop();
      if (abort.signal.aborted) return;
      abort.abort();
      rememberInside(undefined);
      const isSignedIn = session.signedIn.current !== null;
      // Another user has signed in on this page.
      if (current.reason === 'closed' && isSignedIn) return setStage({ is: 'outside' });
      const end = current.reason === 'closed' ? 'unauthorized' : current.reason;
      if (end === 'unauthorized') session.forget();
      setStage({ is: 'ended', end, roomName: room.state.current.name });
    });
  }

  function enterByClick(username: string): void {
    try {
      void enter(username, openSound());
    } catch (error) {
      setStage({ is: 'outside', error });
    }
  }

  async function arrive(isCurrent: () => boolean): Promise<void> {
    const primed = takePrimedSound();
    const mayReturn = 'roomId' in roomKey && session.signedIn.current && wasInside(roomKey.roomId);
    const context = primed ?? (mayReturn ? await openSoundWithoutClick() : undefined);
    if (!isCurrent()) void context?.close();
    else if (context && session.signedIn.current) await enter('', context, true);
    else setStage({ is: 'outside' });
  }

  useEffect(() => {
    let isGone = false;
    // Not at once: React's strict mode mounts, unmounts and mounts.
    const timer = setTimeout(() => void arrive(() => !isGone), 0);
    return () => {
      isGone = true;
      clearTimeout(timer);
      if (visit.current) rememberInside(undefined);
      visit.current?.abort();
    };
    // Once for each visit.
  }, []);

  const isAtDoor = stage.is === 'outside' || stage.is === 'entering';
  useEffect(() => {
    if (!isAtDoor) return;
    loader.start();
    // What the click needs is there by then.
    void loadRoomView().catch(() => undefined);
    void import('@roomcast/client/player').catch(() => undefined);
    return loader.stop;
  }, [isAtDoor, loader]);

  const userId = useSignedIn()?.user.id;
  useEffect(() => {
    if (userId === undefined) return;
    // The user may have signed in because the room is not for everyone.
    setStage((stage) =>
      stage.is === 'ended' && (stage.end === 'unauthorized' || stage.end === 'no_room')
        ? { is: 'outside' }
        : stage,
    );
    if (loader.current.is === 'failed') loader.reload();
  }, [userId, loader]);

  switch (stage.is) {
    case 'arriving':
      return <LoadingPage />;
    case 'outside':
    case 'entering': {
      if (stage.is === 'entering' && stage.quietly && preview.is !== 'waiting') return <LoadingPage />;
      const end = preview.is === 'failed' ? (endOf(preview.error) ?? 'no_room') : undefined;
      if (end) return <EndPage end={end} roomName={undefined} onEnter={loader.reload} />;
      return (
        <DoorPage
          loader={loader}
          isInvite={invite !== undefined}
          isEntering={stage.is === 'entering'}
          error={stage.is === 'outside' ? stage.error : undefined}
          onEnter={(username) => enterByClick(username)}
          onCancel={() => {
            visit.current?.abort();
            setStage({ is: 'outside' });
          }}
        />
      );
    }
    case 'ended':
      return (
        <EndPage end={stage.end} roomName={stage.roomName} onEnter={() => setStage({ is: 'outside' })} />
      );
    case 'inside':
      return (
        <JoinedRoomProvider value={stage.joined}>
          <stage.View />
        </JoinedRoomProvider>
      );
  }
}
