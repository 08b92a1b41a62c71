import { Button, Text, UnstyledButton } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { useLanguage, useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { useJoinedRoom } from '../room/joined-room.js';
import { DeliveryReportView } from './delivery-report.js';
import classes from './event-log.module.css';
import { FiguresLoading } from './figures.js';
import { formatClock, formatCount } from './format.js';
import { type LoggedEvent, useLog } from './log-store.js';

/** The last events of the room's log; each opens into the report on its delivery. */
export function EventLog() {
  const texts = useTexts();
  const { common, delivery: text } = texts;
  const { room } = useJoinedRoom();
  const { events, error, retry } = useLog(room);
  const [openId, setOpenId] = useState<string>();
  return (
    <section aria-label={text.events}>
      <Text size="sm" c="dimmed" mb="sm">
        {text.eventsHint}
      </Text>
      {error !== undefined && (
        <div role="alert" className={classes.failure}>
          <Text size="sm">{describeError(error, texts)}</Text>
          <Button h={44} variant="default" onClick={retry}>
            {common.tryAgain}
          </Button>
        </div>
      )}
      {!events && error === undefined && <FiguresLoading />}
      {events?.length === 0 && <Text c="dimmed">{text.noEvents}</Text>}
      <ul className={classes.list}>
        {events?.map((event) => (
          <EventRow
            key={event.id}
            event={event}
            isOpen={event.id === openId}
            onToggle={() => setOpenId(event.id === openId ? undefined : event.id)}
          />
        ))}
      </ul>
    </section>
  );
}

function EventRow({
  event,
  isOpen,
  onToggle,
}: {
  event: LoggedEvent;
  isOpen: boolean;
  onToggle: () => void;
}) {
  const { delivery: text } = useTexts();
  const language = useLanguage();
  const reportId = useId();
  /** For how many the event was given up: only its report tells, so it is known once that was open. */
  const [deadLetters, setDeadLetters] = useState(0);
  return (
    <li className={classes.event}>
      <UnstyledButton
        className={classes.row}
        aria-expanded={isOpen}
        aria-controls={reportId}
        onClick={onToggle}
      >
        <span className={classes.sequence}>#{formatCount(event.sequence, language)}</span>
        <code dir="ltr" className={classes.type}>
          {event.type}
        </code>
        {deadLetters > 0 ? (
          <span className={classes.deadLetters}>{text.deadLetters(formatCount(deadLetters, language))}</span>
        ) : (
          event.isConfirmed && <span className={classes.critical}>{text.isConfirmed}</span>
        )}
        <time className={classes.time} dateTime={new Date(event.time * 1000).toISOString()}>
          {formatClock(event.time, language)}
        </time>
        <IconChevronDown size={18} aria-hidden className={classes.chevron} data-open={isOpen} />
      </UnstyledButton>
      <div id={reportId}>
        {isOpen && <DeliveryReportView eventId={event.id} onDeadLetters={setDeadLetters} />}
      </div>
    </li>
  );
}
