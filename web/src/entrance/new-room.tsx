import { Button, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core';
import { RoomcastError } from '@roomcast/client';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { FormError } from '../parts/form-error.js';
import { useSession } from '../session/session-context.js';
import { closeSound, primeSound, takePrimedSound } from '../session/sound.js';

/** Opens a room, and goes into it. */
export function NewRoom() {
  const texts = useTexts();
  const { entrance } = texts;
  const session = useSession();
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const [visibility, setVisibility] = useState<'public' | 'private'>('public');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function create(event: FormEvent) {
    event.preventDefault();
    primeSound();
    setBusy(true);
    setError(undefined);
    try {
      const room = await session.roomcast.createRoom({ name, visibility });
      navigate(`/rooms/${room.id}`);
    } catch (caught) {
      closeSound(takePrimedSound());
      // The form for the name takes the place of this one.
      if (caught instanceof RoomcastError && caught.code === 'unauthorized') return session.forget();
      setError(describeError(caught, texts));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void create(event)}>
      <Stack>
        <Title order={2} size="h3">
          {entrance.createTitle}
        </Title>
        <TextInput
          label={entrance.roomName}
          placeholder={entrance.roomNamePlaceholder}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          required
          withAsterisk={false}
          maxLength={100}
          size="lg"
          dir="auto"
          autoComplete="off"
          enterKeyHint="go"
        />
        <div>
          <Text size="sm" fw={500} mb={4} aria-hidden>
            {entrance.visibility}
          </Text>
          <SegmentedControl
            fullWidth
            size="md"
            aria-label={entrance.visibility}
            value={visibility}
            onChange={setVisibility}
            data={[
              { value: 'public', label: entrance.public },
              { value: 'private', label: entrance.private },
            ]}
          />
        </div>
        <FormError text={error} />
        <Button type="submit" size="lg" loading={busy}>
          {entrance.createRoom}
        </Button>
      </Stack>
    </form>
  );
}
