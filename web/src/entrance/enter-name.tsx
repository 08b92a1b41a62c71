import { Button, Stack, Text, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { FormError } from '../parts/form-error.js';
import { useSession } from '../session/session-context.js';

/** For visitors: a name makes them a guest. */
export function EnterName() {
  const texts = useTexts();
  const { entrance, errors } = texts;
  const session = useSession();
  const [username, setUsername] = useState(session.lastName);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function enter(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await session.enterAsGuest(username);
    } catch (caught) {
      setError(describeError(caught, texts));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void enter(event)}>
      <Stack>
        <div>
          <Title order={2} size="h3">
            {entrance.enterTitle}
          </Title>
          <Text c="dimmed">{entrance.enterHint}</Text>
        </div>
        <NameInput value={username} onChange={setUsername} />
        <FormError text={error ?? (session.wasForgotten && !busy ? errors.unauthorized : undefined)} />
        <Button type="submit" size="lg" loading={busy}>
          {entrance.enter}
        </Button>
      </Stack>
    </form>
  );
}

/** The field for the name of a guest. */
export function NameInput({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const { entrance } = useTexts();
  return (
    <TextInput
      label={entrance.yourName}
      placeholder={entrance.namePlaceholder}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      required
      withAsterisk={false}
      maxLength={32}
      size="lg"
      dir="auto"
      autoComplete="nickname"
      enterKeyHint="go"
    />
  );
}
