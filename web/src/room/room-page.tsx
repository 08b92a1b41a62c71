import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { loadPart } from '../app/new-version.js';
import { DoorPage } from '../entrance/door-page.js';
import { EndPage } from '../entrance/end-page.js';
import { isTransient, knownPreview, PreviewLoader } from '../entrance/preview-loader.js';
import { endOf, type RoomEnd } from '../entrance/room-end.js';
import { LoadingPage } from '../parts/message-page.js';
import { rememberInside, wasInside } from '../session/inside.js';
import type { RoomKey } from '../session/preview.js';
import { useSession, useSignedIn } from '../session/session-context.js';
import { closeSound, openSound, openSoundWithoutClick, takePrimedSound } from '../session/sound.js';
import { useStore } from '../stores/use-store.js';
import { enterRoom, type JoinedRoom, JoinedRoomProvider, loadPlayer } from './joined-room.js';
import { endOfRefusal, useVisit, watchEnd } from './visit.js';

const loadRoomView = () => loadPart(async () => (await import('./room-view.js')).RoomView);
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
      rememberInside(joined.room.id);
      setStage({ is: 'inside', joined, View });
      if (invite !== undefined) {
        onEntered(joined.room.id);
        navigate(`/rooms/${joined.room.id}`, { replace: true });
      }
      watchEnd(session, joined, abort, (end) => {
        rememberInside(undefined);
        const roomName = joined.room.state.current.name;
        setStage(end ? { is: 'ended', end, roomName } : { is: 'outside' });
      });
    } catch (error) {
      closeSound(context);
      if (signal.aborted) return;
      // The room may be open already.
      abort.abort();
      const end = endOfRefusal(session, error, invite !== undefined);
      rememberInside(undefined);
      const roomName = knownPreview(loader.current)?.name;
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
        const view = loadRoomView();
        const options = { signal, needs: view, ...(invite === undefined ? {} : { invite }) };
        const joined = await enterRoom(session, roomId, context, options);
        return { joined, View: await view };
      } catch (error) {
        if (signal.aborted || !isTransient(error)) throw error;
        loader.wait(error);
      }
    }
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
    if (!isCurrent()) closeSound(context);
    else if (context && session.signedIn.current) await enter('', context, true);
    else setStage({ is: 'outside' });
  }

  useVisit(arrive, () => {
    if (visit.current) rememberInside(undefined);
    visit.current?.abort();
  });

  const isAtDoor = stage.is === 'outside' || stage.is === 'entering';
  useEffect(() => {
    if (!isAtDoor) return;
    loader.start();
    return loader.stop;
  }, [isAtDoor, loader]);

  const isPreviewed = preview.is !== 'loading';
  useEffect(() => {
    if (!isAtDoor || !isPreviewed) return;
    // What the click needs is there by then. Not earlier: it would delay the door itself.
    void loadRoomView().catch(() => undefined);
    void loadPlayer().catch(() => undefined);
  }, [isAtDoor, isPreviewed]);

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

  const isRefused = preview.is === 'failed' && endOf(preview.error) === 'unauthorized';
  useEffect(() => {
    if (isRefused) session.forget();
  }, [isRefused, session]);

  const isInside = stage.is === 'inside';
  useEffect(() => {
    // The button that had the focus is gone: reading goes on at the name of the room.
    if (isInside) document.getElementById('room-name')?.focus({ preventScroll: true });
  }, [isInside]);

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
