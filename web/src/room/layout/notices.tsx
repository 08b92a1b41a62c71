import { CloseButton } from '@mantine/core';
import { IconAlertCircle, IconCheck } from '@tabler/icons-react';
import { useTexts } from '../../i18n/language.js';
import { useStore } from '../../stores/use-store.js';
import { useRoomTools } from '../room-tools.js';
import classes from './notices.module.css';

/** Shows the room's messages, and lets screen readers say them when they have time. */
export function Notices() {
  const { room: text } = useTexts();
  const { notices } = useRoomTools();
  const shown = useStore(notices);
  return (
    <div className={classes.notices} role="status" aria-live="polite" aria-label={text.messages}>
      {shown.map(({ id, text: message, kind }) => (
        <div key={id} className={classes.notice} data-kind={kind}>
          {kind === 'error' ? <IconAlertCircle aria-hidden /> : <IconCheck aria-hidden />}
          <span className={classes.text}>{message}</span>
          <CloseButton aria-label={text.dismiss} size="lg" onClick={() => notices.remove(id)} />
        </div>
      ))}
    </div>
  );
}
