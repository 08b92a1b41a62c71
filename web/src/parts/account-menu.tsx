import { Avatar, Button, Menu, Text, UnstyledButton } from '@mantine/core';
import { IconLogin, IconLogout, IconUserPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { useSession, useSignedIn } from '../session/session-context.js';
import { accountControl } from './account-control.js';
import classes from './account-menu.module.css';
import { AppearanceItems } from './appearance-menu.js';
import { isolate } from './isolate.js';
import { lazyDialog } from './lazy-part.js';

const AccountDialog = lazyDialog(
  async () => (await import('./account-dialog.js')).AccountDialog,
  ({ onChange }) => onChange(undefined),
);

/** What the account dialog is open for. */
export type AccountAction = 'register' | 'sign_in' | 'sign_out';

/** The dialog for an action, loaded when it is first needed; nothing for undefined. */
export function AccountDialogs({
  action,
  onChange,
}: {
  action: AccountAction | undefined;
  onChange: (action: AccountAction | undefined) => void;
}) {
  if (action === undefined) return null;
  return <AccountDialog action={action} onChange={onChange} />;
}

/** Who uses the page, with the ways to become someone else. */
export function AccountMenu({
  hasAppearance = false,
}: {
  /** Also languages and colour schemes, where there is no room for a menu of their own. */
  hasAppearance?: boolean;
}) {
  const { account } = useTexts();
  const session = useSession();
  const signedIn = useSignedIn();
  const [action, setAction] = useState<AccountAction>();
  const dialogs = <AccountDialogs action={action} onChange={setAction} />;
  if (!signedIn) {
    return (
      <>
        <Button
          variant="default"
          radius="xl"
          h={44}
          {...{ [accountControl]: true }}
          onClick={() => setAction('sign_in')}
        >
          {account.signIn}
        </Button>
        {dialogs}
      </>
    );
  }
  const { username, guest } = signedIn.user;
  return (
    <>
      <Menu position="bottom-end" width={250} withinPortal>
        <Menu.Target>
          <UnstyledButton
            className={classes.target}
            aria-label={account.menu(isolate(username))}
            {...{ [accountControl]: true }}
          >
            <Avatar color="ember" radius="xl" size={36} aria-hidden>
              {initialOf(username)}
            </Avatar>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown className={classes.dropdown}>
          <div className={classes.user}>
            <Text fw={600} truncate dir="auto" ta="start">
              {username}
            </Text>
            <Text size="sm" c="dimmed">
              {guest ? account.guest : account.registered}
            </Text>
          </div>
          <Menu.Divider />
          {guest && (
            <>
              <Menu.Item leftSection={<IconUserPlus size={18} />} onClick={() => setAction('register')}>
                {account.register}
              </Menu.Item>
              <Menu.Item leftSection={<IconLogin size={18} />} onClick={() => setAction('sign_in')}>
                {account.signIn}
              </Menu.Item>
            </>
          )}
          <Menu.Item
            leftSection={<IconLogout size={18} />}
            onClick={() => (guest ? setAction('sign_out') : void session.signOut())}
          >
            {account.signOut}
          </Menu.Item>
          {hasAppearance && (
            <>
              <Menu.Divider />
              <AppearanceItems />
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {dialogs}
    </>
  );
}

/** The first letter as people see it, which may be several code points. */
export function initialOf(name: string): string {
  const [first] = new Intl.Segmenter().segment(name);
  return (first?.segment ?? '?').toLocaleUpperCase();
}
