import { ActionIcon, Title } from '@mantine/core';
import { IconHistory, IconPlus } from '@tabler/icons-react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom, useRoomState } from '../joined-room.js';
import { isolate } from '../../parts/isolate.js';
import { EmptyState } from '../layout/empty-state.js';
import panel from '../layout/panel.module.css';
import { Cover } from '../playing/cover.js';
import row from '../queue/queue-row.module.css';
import { TrackTexts } from '../queue/track-texts.js';
import { useMay } from '../permissions.js';
import { useRoomTools, useRun } from '../room-tools.js';
import classes from '../layout/long-list.module.css';

/** What was played last, newest first. */
export function HistoryPanel() {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const { notices } = useRoomTools();
  const run = useRun();
  const tracks = useRoomState((state) => state.history);
  const mayAdd = useMay('upload');
  const addAgain = (id: string, title: string) =>
    run(room.queueAgain(id).then(() => notices.add(text.addedAgain(isolate(title)))));
  return (
    <section className={panel.panel} aria-labelledby="history">
      <header className={panel.head}>
        <Title order={2} id="history" className={panel.title}>
          {text.history}
        </Title>
      </header>
      {tracks.length === 0 ? (
        <EmptyState icon={IconHistory} text={text.historyEmpty} />
      ) : (
        <ul className={classes.list}>
          {tracks.map((track) => (
            <li key={track.id} className={row.row}>
              <Cover track={track} size={96} className={row.cover} />
              <TrackTexts track={track} />
              {mayAdd && (
                <ActionIcon
                  size={44}
                  radius="xl"
                  variant="default"
                  aria-label={text.addAgain(track.title)}
                  onClick={() => addAgain(track.id, track.title)}
                >
                  <IconPlus size={18} />
                </ActionIcon>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
