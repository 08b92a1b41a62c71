import {
  type Announcements,
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable';
import { useReducedMotion } from '@mantine/hooks';
import type { Track } from '@roomcast/client';
import { IconGripVertical } from '@tabler/icons-react';
import { type RefObject, useMemo, useState } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom } from '../joined-room.js';
import { useRun } from '../room-tools.js';
import { QueueList } from './queue-list.js';
import { QueueRow, type QueueRowProps } from './queue-row.js';
import classes from './queue-row.module.css';

/** The queue as the administrator has it: rows can be moved with pointer, touch and keys. Loaded when it is needed. */
export function SortableQueue({
  tracks,
  still,
}: {
  tracks: readonly Track[];
  /** Set to true when a row is dropped; see `useRowMotion` and `useSteadyOrder`. */
  still: RefObject<boolean>;
}) {
  const { room } = useJoinedRoom();
  const run = useRun();
  const [draggedId, setDraggedId] = useState<string>();
  const ids = useMemo(() => tracks.map(({ id }) => id), [tracks]);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const accessibility = useAnnouncements(tracks);
  const onDragEnd = ({ active, over }: DragEndEvent) => {
    setDraggedId(undefined);
    if (!over || active.id === over.id) return;
    still.current = true;
    run(room.moveTrack(String(active.id), ids.indexOf(String(over.id)) + 1));
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      accessibility={accessibility}
      onDragStart={({ active }) => setDraggedId(String(active.id))}
      onDragCancel={() => setDraggedId(undefined)}
      onDragEnd={onDragEnd}
    >
      <SortableContext items={ids} strategy={verticalListSortingStrategy}>
        <QueueList tracks={tracks} Row={SortableRow} still={still} keptId={draggedId} />
      </SortableContext>
    </DndContext>
  );
}

/** The order has changed by the time the row is dropped: it must not slide back to where it came from. */
const noLayoutAnimation = () => false;

function SortableRow(props: QueueRowProps) {
  const { room: text } = useTexts();
  const { track } = props;
  const isReduced = useReducedMotion();
  const sortable = useSortable({
    id: track.id,
    animateLayoutChanges: noLayoutAnimation,
    attributes: { roleDescription: text.moveHandle },
    ...(isReduced && { transition: null }),
  });
  const { transform } = sortable;
  const style = transform
    ? {
        transform: `translateY(${transform.y}px)`,
        ...(sortable.transition !== undefined && { transition: sortable.transition }),
      }
    : {};
  return (
    <QueueRow
      {...props}
      ref={sortable.setNodeRef}
      style={style}
      isDragged={sortable.isDragging}
      handle={
        <button
          type="button"
          ref={sortable.setActivatorNodeRef}
          className={classes.handle}
          {...sortable.attributes}
          {...sortable.listeners}
          aria-label={text.move(track.title)}
        >
          <IconGripVertical size={18} aria-hidden />
        </button>
      }
    />
  );
}

/** What screen readers say while a row is moved. */
function useAnnouncements(tracks: readonly Track[]) {
  const { room: text } = useTexts();
  return useMemo(() => {
    const title = (id: unknown) => tracks.find((track) => track.id === id)?.title ?? '';
    const position = (id: unknown) => tracks.findIndex((track) => track.id === id) + 1;
    const announcements: Announcements = {
      onDragStart: ({ active }) => text.pickedUp(title(active.id), position(active.id)),
      onDragOver: ({ active, over }) =>
        over ? text.movedTo(title(active.id), position(over.id)) : undefined,
      onDragEnd: ({ active, over }) =>
        over ? text.dropped(title(active.id), position(over.id)) : text.moveCancelled(title(active.id)),
      onDragCancel: ({ active }) => text.moveCancelled(title(active.id)),
    };
    return { announcements, screenReaderInstructions: { draggable: text.moveHelp } };
  }, [tracks, text]);
}
