import { ActionIcon, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { Invite } from '@roomcast/client';
import { IconQrcode, IconTrash } from '@tabler/icons-react';
import { useEffect, useId, useRef, useState } from 'react';
import { figuresOf } from '../i18n/figures.js';
import { useLanguage, useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { FormError } from '../parts/form-error.js';
import { useJoinedRoom } from '../room/joined-room.js';
import classes from './invites.module.css';
import { NewInvite } from './new-invite.js';
import { ShareLink } from './share-link.js';

/** The invites of a private room: made, shown, counted and revoked. For its administrator. */
export function Invites() {
  const texts = useTexts();
  const { sharing } = texts;
  const { room } = useJoinedRoom();
  const [invites, setInvites] = useState<readonly Invite[]>();
  const [shown, setShown] = useState<string>();
  const [isNew, setNew] = useState(false);
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  const root = useRef<HTMLDivElement>(null);

  // The focus may be gone with a button: that of an invite that was revoked, or of a form that is done.
  useEffect(() => {
    if (document.activeElement === document.body) root.current?.focus({ preventScroll: true });
  });

  useEffect(() => {
    let isCurrent = true;
    room.listInvites().then(
      (list) => {
        if (!isCurrent) return;
        setInvites(list);
        setShown(list[0]?.invite);
      },
      (caught: unknown) => isCurrent && setError(caught),
    );
    return () => {
      isCurrent = false;
    };
  }, [room, attempt]);

  async function revoke(invite: string) {
    setError(undefined);
    try {
      await room.revokeInvite(invite);
      const left = (invites ?? []).filter((each) => each.invite !== invite);
      const at = (invites ?? []).findIndex((each) => each.invite === invite);
      const next = left[Math.min(at, left.length - 1)];
      if (next && document.activeElement?.id === revokeButtonOf(invite)) {
        document.getElementById(revokeButtonOf(next.invite))?.focus();
      }
      setInvites(left);
      if (shown === invite) setShown(left[0]?.invite);
    } catch (caught) {
      setError(caught);
    }
  }

  const failed = error !== undefined && (
    <Group justify="space-between" wrap="nowrap">
      <FormError text={describeError(error, texts)} />
      {!invites && (
        <Button
          variant="default"
          onClick={() => {
            setError(undefined);
            setAttempt((last) => last + 1);
          }}
        >
          {texts.common.tryAgain}
        </Button>
      )}
    </Group>
  );
  if (!invites) return failed || <Skeleton height={240} radius="lg" aria-label={texts.common.loading} />;
  const current = invites.find(({ invite }) => invite === shown);
  return (
    <Stack ref={root} tabIndex={-1} role="group" aria-label={sharing.invites}>
      {failed}
      {current && !isNew && <ShareLink url={`${location.origin}/join/${current.invite}`} />}
      {isNew || invites.length === 0 ? (
        <NewInvite
          onCancel={invites.length > 0 ? () => setNew(false) : undefined}
          onCreated={(invite) => {
            setInvites([invite, ...invites]);
            setShown(invite.invite);
            setNew(false);
          }}
        />
      ) : (
        <Button variant="default" h={44} onClick={() => setNew(true)}>
          {sharing.newInvite}
        </Button>
      )}
      {invites.length > 0 && (
        <section aria-labelledby="invites">
          <Title order={3} size="h5" id="invites" mb="xs">
            {sharing.invites}
          </Title>
          <ul className={classes.list}>
            {invites.map((invite) => (
              <InviteItem
                key={invite.invite}
                invite={invite}
                isShown={invite.invite === shown && !isNew}
                onShow={() => {
                  setShown(invite.invite);
                  setNew(false);
                }}
                onRevoke={() => void revoke(invite.invite)}
              />
            ))}
          </ul>
        </section>
      )}
    </Stack>
  );
}

const revokeButtonOf = (invite: string): string => `revoke-${invite}`;

function InviteItem({
  invite: { invite, uses, max_uses, expires_at },
  isShown,
  onShow,
  onRevoke,
}: {
  invite: Invite;
  isShown: boolean;
  onShow: () => void;
  onRevoke: () => void;
}) {
  const { sharing } = useTexts();
  const language = useLanguage();
  const textId = useId();
  const time = new Intl.DateTimeFormat(figuresOf(language), { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <li className={classes.item} data-shown={isShown || undefined}>
      <div className={classes.text} id={textId}>
        <Text size="sm" className={classes.uses}>
          {sharing.usedOf(uses, max_uses)}
        </Text>
        <Text size="sm" c="dimmed">
          {sharing.expires(time.format(expires_at * 1000))}
        </Text>
      </div>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={44}
        aria-label={sharing.show}
        aria-describedby={textId}
        aria-pressed={isShown}
        onClick={onShow}
      >
        <IconQrcode size={20} />
      </ActionIcon>
      <ActionIcon
        id={revokeButtonOf(invite)}
        variant="subtle"
        color="red"
        size={44}
        aria-label={sharing.revoke}
        aria-describedby={textId}
        onClick={onRevoke}
      >
        <IconTrash size={20} />
      </ActionIcon>
    </li>
  );
}
