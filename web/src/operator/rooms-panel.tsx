import { Button, Text, TextInput } from '@mantine/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Figures } from '../delivery/figures.js';
import { formatCount } from '../delivery/format.js';
import { useLanguage, useTexts } from '../i18n/language.js';
import { isolate } from '../parts/isolate.js';
import type { Confirmation } from './confirm-dialog.js';
import { formatBytes } from './format-bytes.js';
import type { AdminRoom } from '@roomcast/client';
import type { OperatorApi } from './operator-api.js';
import classes from './operator.module.css';
import { PageFrame, usePages } from './pages.js';

/** All rooms, newest first; each can be ended. */
export function RoomsPanel({
  api,
  onConfirm,
}: {
  api: OperatorApi;
  onConfirm: (confirmation: Confirmation) => void;
}) {
  const { operator: text, roomSettings } = useTexts();
  const language = useLanguage();
  const [part, setPart] = useState('');
  const pages = usePages(useCallback((after: string | undefined) => api.rooms(after), [api]));
  const { reload } = pages;
  const wanted = part.trim().toLowerCase();
  const items = pages.page?.items ?? [];
  const rooms = items.filter(({ name }) => name.toLowerCase().includes(wanted));
  const section = useRef<HTMLElement>(null);
  /** After a room has been ended, until the list is there without it: the button that gets the focus. */
  const focusNext = useRef<string>(undefined);
  const end = (room: AdminRoom) => {
    const at = rooms.indexOf(room);
    const neighbour = rooms[at + 1] ?? rooms[at - 1];
    onConfirm({
      title: text.endRoomTitle(isolate(room.name)),
      text: text.endRoomText(room.online),
      action: text.endRoom,
      run: () => api.deleteRoom(room.id),
      onDone: () => {
        focusNext.current = neighbour ? endButtonOf(neighbour) : '';
        reload();
      },
    });
  };
  useEffect(() => {
    const buttonId = focusNext.current;
    focusNext.current = undefined;
    const focused = document.activeElement;
    // Somewhere else the user has gone on already.
    const isLost = !focused || focused === document.body || focused.closest('[role=dialog]');
    if (buttonId === undefined || !isLost) return;
    (document.getElementById(buttonId) ?? section.current)?.focus({ preventScroll: true });
  }, [pages.page]);
  return (
    <section ref={section} tabIndex={-1} aria-label={text.rooms}>
      <TextInput
        className={classes.search}
        label={text.filterRooms}
        size="md"
        dir="auto"
        value={part}
        onChange={({ currentTarget }) => setPart(currentTarget.value)}
      />
      {rooms.length > 0 && (
        <Figures
          label={text.rooms}
          rows={rooms}
          keyOf={({ id }) => id}
          columns={[
            { title: text.room, cell: ({ name }) => <bdi>{name}</bdi> },
            { title: text.visibility, cell: ({ visibility }) => text[visibility] },
            {
              title: text.administrator,
              cell: ({ administrator }) => <bdi>{administrator?.username ?? roomSettings.nobody}</bdi>,
            },
            {
              title: text.online,
              isFigure: true,
              cell: ({ online, participants }) =>
                text.of(formatCount(online, language), formatCount(participants, language)),
            },
            {
              title: text.tracks,
              isFigure: true,
              cell: ({ tracks, bytes }) =>
                `${formatCount(tracks, language)} · ${formatBytes(bytes, language)}`,
            },
            {
              title: text.actions,
              isFigure: true,
              cell: (room) => (
                <Button
                  id={endButtonOf(room)}
                  h={44}
                  variant="default"
                  aria-label={text.endRoomOf(isolate(room.name))}
                  onClick={() => end(room)}
                >
                  {text.endRoom}
                </Button>
              ),
            },
          ]}
        />
      )}
      <div role="status">
        {items.length > 0 && rooms.length === 0 && <Text c="dimmed">{text.noRoomFound}</Text>}
      </div>
      <PageFrame pages={pages} empty={text.noRooms} />
    </section>
  );
}

const endButtonOf = ({ id }: AdminRoom): string => `end-${id}`;
