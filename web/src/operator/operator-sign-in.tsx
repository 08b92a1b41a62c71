import { Button, PasswordInput, Stack } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { FormError } from '../parts/form-error.js';
import { MessagePage } from '../parts/message-page.js';
import { describeOperatorError } from './describe-operator-error.js';
import { OperatorApi } from './operator-api.js';

/** Asks for the operator's token, and tries it. */
export function OperatorSignIn({ onSignedIn }: { onSignedIn: (token: string) => void }) {
  const texts = useTexts();
  const { operator: text } = texts;
  const [token, setToken] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await new OperatorApi(token.trim()).overview();
      onSignedIn(token.trim());
    } catch (caught) {
      setError(describeOperatorError(caught, texts));
      setBusy(false);
    }
  }

  return (
    <MessagePage title={text.title} text={text.signInHint}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack w={320} maw="100%">
          <PasswordInput
            label={text.token}
            size="md"
            ta="start"
            dir="ltr"
            autoComplete="off"
            required
            withAsterisk={false}
            visibilityToggleButtonProps={{ 'aria-label': text.showToken }}
            value={token}
            onChange={({ currentTarget }) => setToken(currentTarget.value)}
          />
          <FormError text={error} />
          <Button type="submit" size="md" loading={isBusy}>
            {text.open}
          </Button>
        </Stack>
      </form>
    </MessagePage>
  );
}
