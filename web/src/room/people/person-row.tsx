import { ActionIcon } from '@mantine/core';
import type { User } from '@roomcast/client';
import { IconUserMinus, IconVolumeOff } from '@tabler/icons-react';
import { memo } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom } from '../joined-room.js';
import { useIsAdministrator } from '../permissions.js';
import type { ListenerState } from './listeners.js';
import classes from './person-row.module.css';

/** Pixels; `person-row.module.css` has the same. */
export const personRowHeight = 56;

/** Someone who is in the room. */
export const PersonRow = memo(function PersonRow({
  user,
  listener,
  isAdministrator,
  onRemove,
}: {
  user: User;
  listener: ListenerState | undefined;
  isAdministrator: boolean;
  onRemove: (user: User) => void;
}) {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const mayRemove = useIsAdministrator() && user.id !== room.user.id;
  const state = listener ? text.listener[listener.status] : text.listener.unknown;
  return (
    <div className={classes.row}>
      <span className={classes.avatar} data-status={listener?.status} aria-hidden>
        {[...user.username][0]?.toUpperCase()}
      </span>
      <span className={classes.texts}>
        <span className={classes.name}>
          <bdi>{user.username}</bdi>
          {user.id === room.user.id && <span className={classes.you}> ({text.you})</span>}
        </span>
        <span className={classes.state}>
          {listener?.muted && <IconVolumeOff size={14} aria-hidden />}
          {listener?.muted ? text.listener.muted : state}
          {user.guest && ` · ${text.guest}`}
        </span>
      </span>
      {isAdministrator && <span className={classes.badge}>{text.administrator}</span>}
      {mayRemove && (
        <ActionIcon
          size={44}
          radius="xl"
          variant="subtle"
          color="gray"
          aria-label={text.actionsFor(user.username)}
          onClick={() => onRemove(user)}
        >
          <IconUserMinus size={18} />
        </ActionIcon>
      )}
    </div>
  );
});
