import { Anchor, Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { useSession, useSignedIn } from '../session/session-context.js';
import type { AccountAction } from './account-menu.js';
import { accountControl } from './account-control.js';
import { describeError } from './describe-error.js';
import { FormError } from './form-error.js';
import { useFocusReturn } from './use-focus-return.js';

const minPasswordLength = 8;

/** Registering, signing in, or the question whether a guest means to sign out. */
export function AccountDialog({
  action,
  onChange,
}: {
  action: AccountAction;
  onChange: (action: AccountAction | undefined) => void;
}) {
  const { account, common } = useTexts();
  // Signing in and out replaces the button.
  useFocusReturn(true, `[${accountControl}]`);
  const title = {
    register: account.registerTitle,
    sign_in: account.signInTitle,
    sign_out: account.signOutGuestTitle,
  }[action];
  return (
    <Modal
      opened
      centered
      onClose={() => onChange(undefined)}
      title={title}
      closeButtonProps={{ 'aria-label': common.close }}
    >
      {action === 'sign_out' ? (
        <SignOutGuest onChange={onChange} />
      ) : (
        <Credentials key={action} action={action} onChange={onChange} />
      )}
    </Modal>
  );
}

function Credentials({
  action,
  onChange,
}: {
  action: 'register' | 'sign_in';
  onChange: (action: AccountAction | undefined) => void;
}) {
  const texts = useTexts();
  const { account } = texts;
  const session = useSession();
  const isGuest = useSignedIn()?.user.guest === true;
  const [username, setUsername] = useState(action === 'register' ? session.lastName : '');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const isNew = action === 'register';

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await (isNew ? session.register(username, password) : session.login(username, password));
      onChange(undefined);
    } catch (caught) {
      setError(describeError(caught, texts));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Text size="sm" c="dimmed">
          {isNew
            ? isGuest
              ? account.registerGuestText
              : account.registerText
            : isGuest
              ? account.signInLeavesGuest
              : account.signInText}
        </Text>
        <TextInput
          label={account.username}
          value={username}
          onChange={({ currentTarget }) => setUsername(currentTarget.value)}
          required
          maxLength={32}
          size="md"
          dir="auto"
          autoComplete="username"
          autoCapitalize="none"
          data-autofocus={username === '' || undefined}
        />
        <PasswordInput
          label={account.password}
          description={isNew ? account.passwordHint : undefined}
          value={password}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
          required
          minLength={isNew ? minPasswordLength : 1}
          maxLength={256}
          size="md"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          data-autofocus={username !== '' || undefined}
        />
        <FormError text={error} />
        <Button type="submit" size="md" loading={busy}>
          {isNew ? account.register : account.signIn}
        </Button>
        <Anchor
          component="button"
          type="button"
          size="sm"
          mih={44}
          onClick={() => onChange(isNew ? 'sign_in' : 'register')}
        >
          {isNew ? account.toSignIn : account.toRegister}
        </Anchor>
      </Stack>
    </form>
  );
}

function SignOutGuest({ onChange }: { onChange: (action: AccountAction | undefined) => void }) {
  const { account } = useTexts();
  const session = useSession();
  return (
    <Stack>
      <Text size="sm">{account.signOutGuestText}</Text>
      <Group justify="end">
        <Button
          variant="default"
          onClick={() => {
            onChange(undefined);
            void session.signOut();
          }}
        >
          {account.signOutAnyway}
        </Button>
        <Button onClick={() => onChange('register')}>{account.register}</Button>
      </Group>
    </Stack>
  );
}
