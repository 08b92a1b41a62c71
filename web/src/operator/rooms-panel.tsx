import { Button, TextInput } from '@mantine/core';
import { useCallback, useState } from 'react';
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
  const rooms = pages.page?.items.filter(({ name }) => name.toLowerCase().includes(wanted)) ?? [];
  const end = ({ id, name, online }: AdminRoom) =>
    onConfirm({
      title: text.endRoomTitle(isolate(name)),
      text: text.endRoomText(online),
      action: text.endRoom,
      run: () => api.deleteRoom(id),
      onDone: reload,
    });
  return (
    <section aria-label={text.rooms}>
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
                  h={44}
                  variant="default"
                  aria-label={text.endRoomOf(room.name)}
                  onClick={() => end(room)}
                >
                  {text.endRoom}
                </Button>
              ),
            },
          ]}
        />
      )}
      <PageFrame pages={pages} empty={text.noRooms} />
    </section>
  );
}
