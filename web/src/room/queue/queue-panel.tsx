import { Text, Title } from '@mantine/core';
import type { Track } from '@roomcast/client';
import { IconPlaylist } from '@tabler/icons-react';
import { useRef } from 'react';
import { useTexts } from '../../i18n/language.js';
import { lazyPart } from '../../parts/lazy-part.js';
import { useRoomState } from '../joined-room.js';
import { EmptyState } from '../layout/empty-state.js';
import panel from '../layout/panel.module.css';
import { useIsAdministrator, useMay } from '../permissions.js';
import { AddMusicButton } from '../uploads/add-music-button.js';
import { QueueList } from './queue-list.js';
import { QueueRow } from './queue-row.js';
import { useSteadyOrder } from './use-steady-order.js';

const plainQueue = ({ tracks }: { tracks: readonly Track[] }) => <QueueList tracks={tracks} Row={QueueRow} />;

/** Until it is there, and if it cannot be loaded, the queue is shown without handles. */
const SortableQueue = lazyPart(
  () => import('./sortable-queue.js').then(({ SortableQueue: component }) => component),
  { loading: plainQueue, failed: plainQueue },
);

/** What comes next, in order, and how to add to it. */
export function QueuePanel() {
  const { room: text } = useTexts();
  const section = useRef<HTMLElement>(null);
  const still = useRef(false);
  const queue = useRoomState((state) => state.queue);
  const tracks = useSteadyOrder(queue, section, still);
  const isAdministrator = useIsAdministrator();
  const mayUpload = useMay('upload');
  return (
    <section ref={section} className={panel.panel} aria-labelledby="queue">
      <header className={panel.head}>
        <Title order={2} id="queue" className={panel.title} tabIndex={-1}>
          {text.queue}
          {tracks.length > 0 && (
            <Text component="span" c="dimmed" size="sm" className={panel.count}>
              {text.trackCount(tracks.length)}
            </Text>
          )}
        </Title>
        {mayUpload && <AddMusicButton size="sm" />}
      </header>
      {tracks.length === 0 ? (
        <EmptyState
          icon={IconPlaylist}
          title={text.queueEmpty}
          text={mayUpload ? text.queueEmptyHint : text.queueEmptyWait}
        />
      ) : isAdministrator && tracks.length > 1 ? (
        <SortableQueue tracks={tracks} still={still} />
      ) : (
        plainQueue({ tracks })
      )}
    </section>
  );
}
