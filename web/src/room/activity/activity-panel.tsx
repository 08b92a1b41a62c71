import { Title } from '@mantine/core';
import { IconActivity } from '@tabler/icons-react';
import { useMemo } from 'react';
import { figuresOf } from '../../i18n/figures.js';
import { useLanguage, useTexts } from '../../i18n/language.js';
import { useStore } from '../../stores/use-store.js';
import { EmptyState } from '../layout/empty-state.js';
import panel from '../layout/panel.module.css';
import { useRoomTools } from '../room-tools.js';
import classes from './activity-panel.module.css';
import { describeActivity } from './describe-activity.js';

/** What happened in the room, newest first. It changes often: screen readers do not read it out. */
export function ActivityPanel() {
  const { room: text } = useTexts();
  const language = useLanguage();
  const { activity } = useRoomTools();
  const entries = useStore(activity);
  const time = useMemo(
    () => new Intl.DateTimeFormat(figuresOf(language), { timeStyle: 'short' }),
    [language],
  );
  return (
    <section className={panel.panel} aria-labelledby="activity">
      <header className={panel.head}>
        <Title order={2} id="activity" className={panel.title}>
          {text.activity}
        </Title>
      </header>
      {entries.length === 0 ? (
        <EmptyState icon={IconActivity} text={text.activityEmpty} />
      ) : (
        <ol className={classes.list} aria-live="off">
          {entries.map((entry) => {
            const sentence = describeActivity(entry, text);
            if (sentence === undefined) return null;
            const at = new Date(entry.at * 1000);
            return (
              <li key={entry.id} className={classes.entry}>
                <time dateTime={at.toISOString()}>{time.format(at)}</time>
                <span dir="auto">{sentence}</span>
              </li>
            );
          })}
        </ol>
      )}
    </section>
  );
}
