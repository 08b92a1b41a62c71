import { Button, Stack, Text, TextInput } from '@mantine/core';
import { RoomcastError } from '@roomcast/client';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { LoadingPage, MessagePage } from '../parts/message-page.js';
import { useSession, useSignedIn } from '../session/session-context.js';
import { enterRoom, type JoinedRoom, JoinedRoomProvider } from './joined-room.js';
import { RoomView } from './room-view.js';

type Stage =
  | { is: 'outside'; error?: unknown }
  | { is: 'joining' }
  | { is: 'inside'; joined: JoinedRoom }
  | { is: 'refused'; error: unknown };

/** One room: first its door, then the room. */
export function RoomPage({ roomId }: { roomId: string }) {
  const session = useSession();
  const [stage, setStage] = useState<Stage>({ is: 'outside' });
  const leaving = useRef<AbortController>(undefined);
  useEffect(() => () => leaving.current?.abort(), []);

  /** Called in the handler of a click, where the browser lets the page play sound. */
  async function enter(username: string): Promise<void> {
    const context = new AudioContext();
    void context.resume();
    const abort = new AbortController();
    leaving.current = abort;
    setStage({ is: 'joining' });
    try {
      if (!session.signedIn.current) await session.enterAsGuest(username);
      const { signal } = abort;
      const joined = await enterRoom(session.roomcast, roomId, context, { signal });
      setStage({ is: 'inside', joined });
    } catch (error) {
      void context.close();
      if (abort.signal.aborted) return;
      const code = error instanceof RoomcastError ? error.code : undefined;
      if (code === 'unauthorized') session.forget();
      const isFinal = code === 'room_not_found' || code === 'banned';
      setStage(isFinal ? { is: 'refused', error } : { is: 'outside', error });
    }
  }

  switch (stage.is) {
    case 'outside':
      return <Door error={stage.error} onEnter={(username) => void enter(username)} />;
    case 'joining':
      return <LoadingPage />;
    case 'refused':
      return <Refused error={stage.error} />;
    case 'inside':
      return (
        <JoinedRoomProvider value={stage.joined}>
          <RoomView />
        </JoinedRoomProvider>
      );
  }
}

function Door({ error, onEnter }: { error: unknown; onEnter: (username: string) => void }) {
  const texts = useTexts();
  const session = useSession();
  const signedIn = useSignedIn();
  const [username, setUsername] = useState(session.lastName);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onEnter(username);
  };
  return (
    <MessagePage title={texts.common.appName}>
      <form onSubmit={submit}>
        <Stack>
          {!signedIn && (
            <TextInput
              label={texts.entrance.yourName}
              value={username}
              onChange={({ currentTarget }) => setUsername(currentTarget.value)}
              required
              maxLength={40}
              autoComplete="nickname"
            />
          )}
          {error !== undefined && (
            <Text role="alert" c="red">
              {describeError(error, texts)}
            </Text>
          )}
          <Button type="submit" size="lg">
            {texts.entrance.listen}
          </Button>
        </Stack>
      </form>
    </MessagePage>
  );
}

function Refused({ error }: { error: unknown }) {
  const texts = useTexts();
  return (
    <MessagePage title={texts.common.appName} text={describeError(error, texts)}>
      <Button component={Link} href="/">
        {texts.common.backToRooms}
      </Button>
    </MessagePage>
  );
}
