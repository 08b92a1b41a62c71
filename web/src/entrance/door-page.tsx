import { Button, Stack, Text } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { FormError } from '../parts/form-error.js';
import { isolate } from '../parts/isolate.js';
import { useSession, useSignedIn } from '../session/session-context.js';
import { useStore } from '../stores/use-store.js';
import { Countdown } from './countdown.js';
import { DoorPreview } from './door-preview.js';
import classes from './door-page.module.css';
import { NameInput } from './enter-name.js';
import { knownPreview, type PreviewLoader } from './preview-loader.js';
import { SitePage } from './site-page.js';

/** Coming in that takes longer gets an explanation. */
const slowMs = 4_000;

/** The door of a room: what is behind it, who you are, and one button. */
export function DoorPage({
  loader,
  isInvite,
  isEntering,
  error,
  onEnter,
  onCancel,
}: {
  loader: PreviewLoader;
  isInvite: boolean;
  isEntering: boolean;
  /** Why the last attempt failed. */
  error: unknown;
  /** Called in the handler of the click or key. */
  onEnter: (username: string) => void;
  onCancel: () => void;
}) {
  const texts = useTexts();
  const { common, entrance } = texts;
  const session = useSession();
  const signedIn = useSignedIn();
  const preview = useStore(loader);
  const [username, setUsername] = useState(session.lastName);
  const isSlow = useLaterThan(slowMs, isEntering);
  const known = knownPreview(preview);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isEntering) onEnter(username);
  };
  return (
    <SitePage tint={known?.current_track?.cover_color}>
      <main className={classes.main}>
        <DoorPreview state={preview} isInvite={isInvite} />
        <form onSubmit={submit} className={classes.form}>
          <Stack>
            {signedIn ? (
              <Text c="dimmed" ta="center">
                {entrance.joinAs(isolate(signedIn.user.username))}
              </Text>
            ) : (
              <NameInput value={username} onChange={setUsername} />
            )}
            <FormError text={error === undefined ? undefined : describeError(error, texts)} />
            <Button
              type="submit"
              size="xl"
              radius="xl"
              loading={isEntering || (isInvite && preview.is === 'loading')}
            >
              {entrance.listen}
            </Button>
            {preview.is === 'waiting' && (
              <Countdown
                reason={describeError(preview.error, texts)}
                at={preview.retryAt}
                onRetry={loader.retryNow}
              />
            )}
            <Text role="status" size="sm" c="dimmed" ta="center">
              {isEntering && preview.is !== 'waiting' && (isSlow ? entrance.joiningSlowly : entrance.joining)}
            </Text>
            {isEntering && isSlow && (
              <Button variant="subtle" color="gray" onClick={onCancel}>
                {common.cancel}
              </Button>
            )}
          </Stack>
        </form>
      </main>
    </SitePage>
  );
}

/** Whether `isOn` has been true for so long. */
function useLaterThan(ms: number, isOn: boolean): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isOn) return;
    const timer = setTimeout(() => setLate(true), ms);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [ms, isOn]);
  return isLate;
}
