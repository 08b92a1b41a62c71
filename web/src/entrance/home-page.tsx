import { Anchor, Button, Container, Group, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { useSession, useSignedIn } from '../session/session-context.js';
import { useStore } from '../stores/use-store.js';

/** The first page: who you are, the public rooms, and a new room. */
export function HomePage() {
  const texts = useTexts();
  const signedIn = useSignedIn();
  return (
    <Container component="main" size="sm" py="xl">
      <Stack gap="xl">
        <div>
          <Title order={1}>{texts.common.appName}</Title>
          <Text c="dimmed">{texts.common.tagline}</Text>
        </div>
        <NewRoom />
        {signedIn && <Rooms />}
      </Stack>
    </Container>
  );
}

function NewRoom() {
  const texts = useTexts();
  const session = useSession();
  const signedIn = useSignedIn();
  const [, navigate] = useLocation();
  const [username, setUsername] = useState(session.lastName);
  const [name, setName] = useState('');
  const [isPrivate, setPrivate] = useState(false);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function create(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      if (!signedIn) await session.enterAsGuest(username);
      const room = await session.roomcast.createRoom({
        name,
        visibility: isPrivate ? 'private' : 'public',
      });
      navigate(`/rooms/${room.id}`);
    } catch (caught) {
      setError(describeError(caught, texts));
      setBusy(false);
    }
  }

  const { entrance } = texts;
  return (
    <form onSubmit={(event) => void create(event)}>
      <Stack>
        {!signedIn && (
          <TextInput
            label={entrance.yourName}
            placeholder={entrance.namePlaceholder}
            value={username}
            onChange={({ currentTarget }) => setUsername(currentTarget.value)}
            required
            maxLength={40}
            autoComplete="nickname"
          />
        )}
        <TextInput
          label={entrance.roomName}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          required
          maxLength={100}
        />
        <Switch
          label={entrance.private}
          checked={isPrivate}
          onChange={({ currentTarget }) => setPrivate(currentTarget.checked)}
        />
        {error !== undefined && (
          <Text role="alert" c="red">
            {error}
          </Text>
        )}
        <Group>
          <Button type="submit" loading={busy}>
            {entrance.createRoom}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Rooms() {
  const { common, entrance } = useTexts();
  const rooms = useStore(useSession().roomcast.lobby.rooms);
  return (
    <Stack component="section" gap="xs">
      <Title order={2} size="h4">
        {entrance.publicRooms}
      </Title>
      {rooms?.length === 0 && <Text c="dimmed">{entrance.noRooms}</Text>}
      {rooms?.map(({ id, name, online_count }) => (
        <Anchor key={id} component={Link} href={`/rooms/${id}`}>
          {name} · {common.listeners(online_count)}
        </Anchor>
      ))}
    </Stack>
  );
}
