import { useRef, useState } from 'react';
import { isPartMissing, reloadPage } from '../app/new-version.js';
import { EndPage } from '../entrance/end-page.js';
import { isTransient, waitMsAfter } from '../entrance/preview-loader.js';
import type { RoomEnd } from '../entrance/room-end.js';
import { enterRoom, type JoinedRoom, JoinedRoomProvider } from '../room/joined-room.js';
import { endOfRefusal, useVisit, watchEnd } from '../room/visit.js';
import { useSession } from '../session/session-context.js';
import { closeSound, openSound, openSoundWithoutClick, takePrimedSound } from '../session/sound.js';
import { TvDoor } from './tv-door.js';
import { TvView } from './tv-view.js';

type Stage =
  /** `error`: why the last attempt failed. */
  | { readonly is: 'outside'; readonly error?: unknown }
  | { readonly is: 'entering'; readonly error?: unknown }
  | { readonly is: 'inside'; readonly joined: JoinedRoom }
  | { readonly is: 'ended'; readonly end: RoomEnd; readonly roomName?: string };

/** A room on a screen on the wall. It starts by itself where the browser allows that, so that it survives a power cut. */
export function TvPage({ roomId }: { roomId: string }) {
  const session = useSession();
  const [stage, setStage] = useState<Stage>({ is: 'outside' });
  const visit = useRef<AbortController>(undefined);

  /** @param context made in the handler of the tap that starts, or one that plays without a tap */
  async function enter(username: string, context: AudioContext): Promise<void> {
    visit.current?.abort();
    const abort = (visit.current = new AbortController());
    const { signal } = abort;
    setStage({ is: 'entering' });
    for (let failures = 0; ; failures += 1) {
      try {
        if (!session.signedIn.current) await session.enterAsGuest(username);
        signal.throwIfAborted();
        const joined = await enterRoom(session, roomId, context, { signal });
        signal.throwIfAborted();
        void joined.player.unlock();
        setStage({ is: 'inside', joined });
        watchEnd(session, joined, abort, (end) => {
          const roomName = joined.room.state.current.name;
          setStage(end ? { is: 'ended', end, roomName } : { is: 'outside' });
        });
        return;
      } catch (error) {
        if (!signal.aborted && isTransient(error)) {
          // Nobody stands at the screen to try again.
          setStage({ is: 'entering', error });
          await new Promise((resolve) => setTimeout(resolve, waitMsAfter(failures, error)));
          if (!signal.aborted) continue;
        }
        closeSound(context);
        if (!signal.aborted) refuse(error);
        return;
      }
    }
  }

  function refuse(error: unknown): void {
    // Nothing plays yet, and nobody is there to do it.
    if (isPartMissing(error) && reloadPage()) return;
    const end = endOfRefusal(session, error);
    setStage(end ? { is: 'ended', end } : { is: 'outside', error });
  }

  function start(username: string): void {
    let context: AudioContext;
    try {
      context = openSound();
    } catch (error) {
      return setStage({ is: 'outside', error });
    }
    // Some browsers have no full screen, or refuse it.
    void Promise.resolve(document.documentElement.requestFullscreen?.()).catch(() => undefined);
    void enter(username, context);
  }

  async function arrive(isCurrent: () => boolean): Promise<void> {
    const mayStart = session.signedIn.current !== null;
    const context = takePrimedSound() ?? (mayStart ? await openSoundWithoutClick() : undefined);
    if (context && isCurrent() && mayStart) await enter('', context);
    else closeSound(context);
  }

  useVisit(arrive, () => visit.current?.abort());

  switch (stage.is) {
    case 'outside':
    case 'entering':
      return (
        <TvDoor
          roomId={roomId}
          isEntering={stage.is === 'entering'}
          error={stage.error}
          onStart={(username) => start(username)}
        />
      );
    case 'ended':
      return (
        <EndPage end={stage.end} roomName={stage.roomName} onEnter={() => setStage({ is: 'outside' })} />
      );
    case 'inside':
      return (
        <JoinedRoomProvider value={stage.joined}>
          <TvView />
        </JoinedRoomProvider>
      );
  }
}
