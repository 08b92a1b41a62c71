import type { Track } from '@roomcast/client';
import { type ComponentType, type RefObject, useMemo, useRef } from 'react';
import { LongList } from '../layout/long-list.js';
import { type QueueRowProps, rowHeight } from './queue-row.js';
import { useRowMotion } from './use-row-motion.js';

/** The rows of the queue; they slide when their order changes. */
export function QueueList({
  tracks,
  Row,
  still,
  keptId,
}: {
  tracks: readonly Track[];
  Row: ComponentType<QueueRowProps>;
  /** See `useRowMotion`. */
  still?: RefObject<boolean>;
  /** The row that is being dragged. */
  keptId?: string | undefined;
}) {
  const list = useRef<HTMLDivElement>(null);
  const ids = useMemo(() => tracks.map(({ id }) => id), [tracks]);
  const neverStill = useRef(false);
  useRowMotion(list, ids, still ?? neverStill);
  return (
    <LongList ref={list} items={tracks} itemHeight={rowHeight} keptId={keptId}>
      {(track, index) => <Row key={track.id} track={track} position={index + 1} />}
    </LongList>
  );
}
