import { Button, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconDeviceTv } from '@tabler/icons-react';
import { type FormEvent, useEffect, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { FormError } from '../parts/form-error.js';
import { isolate } from '../parts/isolate.js';
import { loadPreview } from '../session/preview.js';
import { useSession, useSignedIn } from '../session/session-context.js';
import classes from './tv.module.css';

/** One tap that lets the screen play sound; a name if nobody is signed in on it. */
export function TvDoor({
  roomId,
  isEntering,
  error,
  onStart,
}: {
  roomId: string;
  isEntering: boolean;
  error: unknown;
  /** Called in the handler of the click or key. */
  onStart: (username: string) => void;
}) {
  const texts = useTexts();
  const { tv: text } = texts;
  const signedIn = useSignedIn();
  const [username, setUsername] = useState<string>(text.defaultName);
  const roomName = useRoomName(roomId);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isEntering) onStart(username);
  };
  return (
    <main className={classes.door}>
      <form onSubmit={submit}>
        <Stack align="center" ta="center" gap="lg">
          <IconDeviceTv size={96} stroke={1.25} aria-hidden />
          <Title order={1}>{text.title}</Title>
          <Text size="lg">{roomName === undefined ? text.introUnknown : text.intro(isolate(roomName))}</Text>
          {!signedIn && (
            <TextInput
              label={text.screenName}
              size="lg"
              dir="auto"
              required
              withAsterisk={false}
              maxLength={32}
              value={username}
              onChange={({ currentTarget }) => setUsername(currentTarget.value)}
            />
          )}
          <FormError text={error === undefined ? undefined : describeError(error, texts)} />
          <Button type="submit" size="xl" radius="xl" autoFocus loading={isEntering}>
            {text.start}
          </Button>
          <span role="status">{isEntering && text.starting}</span>
        </Stack>
      </form>
    </main>
  );
}

/** The name of the room; undefined if it is not told before joining. */
function useRoomName(roomId: string): string | undefined {
  const session = useSession();
  const [name, setName] = useState<string>();
  useEffect(() => {
    let isWanted = true;
    loadPreview({ roomId }, session.signedIn.current?.token).then(
      (preview) => {
        if (isWanted) setName(preview.name);
      },
      // Starting says what is wrong.
      () => undefined,
    );
    return () => {
      isWanted = false;
    };
  }, [roomId, session]);
  return name;
}
