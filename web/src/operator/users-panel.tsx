import { Button, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useCallback, useState } from 'react';
import { Figures } from '../delivery/figures.js';
import { figuresOf } from '../i18n/figures.js';
import { useLanguage, useTexts } from '../i18n/language.js';
import { isolate } from '../parts/isolate.js';
import type { Confirmation } from './confirm-dialog.js';
import type { AdminUser } from '@roomcast/client';
import type { OperatorApi } from './operator-api.js';
import classes from './operator.module.css';
import { PageFrame, usePages } from './pages.js';

const searchDelayMs = 300;
const maxSearchLength = 128;

/** All users, newest first, or those whose names contain something; each can be banned from the server. */
export function UsersPanel({
  api,
  onConfirm,
}: {
  api: OperatorApi;
  onConfirm: (confirmation: Confirmation) => void;
}) {
  const { operator: text } = useTexts();
  const language = useLanguage();
  const [typed, setTyped] = useState('');
  const [part] = useDebouncedValue(typed.trim(), searchDelayMs);
  const pages = usePages(useCallback((after: string | undefined) => api.users(after, part), [api, part]));
  const { reload } = pages;
  const users = pages.page?.items ?? [];
  const time = new Intl.DateTimeFormat(figuresOf(language), { dateStyle: 'medium', timeStyle: 'short' });
  const toggle = ({ id, username, banned_at }: AdminUser) => {
    const name = isolate(username);
    const isBanned = banned_at !== null;
    onConfirm({
      title: isBanned ? text.unbanTitle(name) : text.banTitle(name),
      text: isBanned ? text.unbanText : text.banText,
      action: isBanned ? text.unban : text.ban,
      run: () => api.setBanned(id, !isBanned),
      onDone: reload,
    });
  };
  return (
    <section aria-label={text.users}>
      <TextInput
        className={classes.search}
        label={text.searchUsers}
        type="search"
        size="md"
        dir="auto"
        maxLength={maxSearchLength}
        value={typed}
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      {users.length > 0 && (
        <Figures
          label={text.users}
          rows={users}
          keyOf={({ id }) => id}
          columns={[
            { title: text.user, cell: ({ username }) => <bdi>{username}</bdi> },
            { title: text.kind, cell: ({ guest }) => (guest ? text.guest : text.registered) },
            {
              title: text.since,
              isFigure: true,
              cell: ({ created_at }) => time.format(created_at * 1000),
            },
            {
              title: text.state,
              cell: ({ banned_at }) =>
                banned_at === null ? (
                  text.notBanned
                ) : (
                  <Text span fw={600}>
                    {text.bannedSince(time.format(banned_at * 1000))}
                  </Text>
                ),
            },
            {
              title: text.actions,
              isFigure: true,
              cell: (user) => (
                <Button
                  h={44}
                  variant="default"
                  aria-label={
                    user.banned_at === null
                      ? text.banOf(isolate(user.username))
                      : text.unbanOf(isolate(user.username))
                  }
                  onClick={() => toggle(user)}
                >
                  {user.banned_at === null ? text.ban : text.unban}
                </Button>
              ),
            },
          ]}
        />
      )}
      <PageFrame pages={pages} empty={part === '' ? text.noUsers : text.nobodyFound} />
    </section>
  );
}
