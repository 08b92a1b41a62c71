import { Text, Title } from '@mantine/core';
import type { User } from '@roomcast/client';
import { useMemo, useState } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useRoomState } from '../joined-room.js';
import { LongList } from '../layout/long-list.js';
import panel from '../layout/panel.module.css';
import { useListeners } from './listeners.js';
import { PersonRow, personRowHeight } from './person-row.js';
import { RemovePerson } from './remove-person.js';

/** Who is here, and who of them hears the music. */
export function PeoplePanel() {
  const { room: text } = useTexts();
  const online = useRoomState((state) => state.online_users);
  const onlineCount = useRoomState((state) => state.online_count);
  const listeningCount = useRoomState((state) => state.listening_count);
  const administratorId = useRoomState((state) => state.administrator?.id);
  const listeners = useListeners();
  const [removing, setRemoving] = useState<User>();
  const people = useMemo(() => {
    // The administrator first: they are the one to ask.
    const first = online.filter(({ id }) => id === administratorId);
    return [...first, ...online.filter(({ id }) => id !== administratorId)];
  }, [online, administratorId]);
  const count = Math.max(onlineCount, online.length);
  return (
    <section className={panel.panel} aria-labelledby="people">
      <header className={panel.head}>
        <Title order={2} id="people" className={panel.title}>
          {text.people}
          <Text component="span" c="dimmed" size="sm" className={panel.count}>
            {listeningCount === null
              ? text.onlineHere(count)
              : text.onlineAndListening(count, listeningCount)}
          </Text>
        </Title>
      </header>
      <LongList items={people} itemHeight={personRowHeight}>
        {(user) => (
          <PersonRow
            key={user.id}
            user={user}
            listener={listeners.get(user.id)}
            isAdministrator={user.id === administratorId}
            onRemove={setRemoving}
          />
        )}
      </LongList>
      {count > people.length && (
        <Text c="dimmed" size="sm" px="xs">
          {text.notListed(count - people.length)}
        </Text>
      )}
      <RemovePerson user={removing} onClose={() => setRemoving(undefined)} />
    </section>
  );
}
