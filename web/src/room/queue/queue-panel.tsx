import { Text, Title } from '@mantine/core';
import { IconPlaylist } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useRoomState } from '../joined-room.js';
import { EmptyState } from '../layout/empty-state.js';
import panel from '../layout/panel.module.css';
import { useIsAdministrator, useMay } from '../permissions.js';
import { AddMusicButton } from '../uploads/add-music-button.js';
import { UploadList } from '../uploads/upload-list.js';
import { QueueList } from './queue-list.js';
import { QueueRow } from './queue-row.js';

const SortableQueue = lazy(() =>
  import('./sortable-queue.js').then(({ SortableQueue: component }) => ({ default: component })),
);

/** What comes next, in order, and how to add to it. */
export function QueuePanel() {
  const { room: text } = useTexts();
  const tracks = useRoomState((state) => state.queue);
  const isAdministrator = useIsAdministrator();
  const mayUpload = useMay('upload');
  const plain = <QueueList tracks={tracks} Row={QueueRow} />;
  return (
    <section className={panel.panel} aria-labelledby="queue">
      <header className={panel.head}>
        <Title order={2} id="queue" className={panel.title}>
          {text.queue}
          {tracks.length > 0 && (
            <Text component="span" c="dimmed" size="sm" className={panel.count}>
              {text.trackCount(tracks.length)}
            </Text>
          )}
        </Title>
        {mayUpload && <AddMusicButton size="sm" />}
      </header>
      <UploadList />
      {tracks.length === 0 ? (
        <EmptyState
          icon={IconPlaylist}
          title={text.queueEmpty}
          text={mayUpload ? text.queueEmptyHint : text.queueEmptyWait}
        />
      ) : isAdministrator && tracks.length > 1 ? (
        <Suspense fallback={plain}>
          <SortableQueue tracks={tracks} />
        </Suspense>
      ) : (
        plain
      )}
    </section>
  );
}
