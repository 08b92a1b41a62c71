import { Text } from '@mantine/core';
import type { ListenerConnection, ListenerList, User } from '@roomcast/client';
import { useCallback, useState } from 'react';
import { useLanguage, useTexts } from '../i18n/language.js';
import { useJoinedRoom } from '../room/joined-room.js';
import { type Column, Figures, FiguresError, FiguresLoading, PageButtons } from './figures.js';
import { formatClock, formatCount, formatDrift, formatSeconds } from './format.js';
import classes from './figures.module.css';
import { usePolled } from './use-polled.js';

const intervalMs = 5000;
const pageSize = 100;

/** A connection of a listener; a user who is just gone has none. */
interface Row {
  readonly key: string;
  readonly user: User;
  readonly number: number;
  readonly of: number;
  readonly connection: ListenerConnection | undefined;
}

const rowsOf = ({ listeners }: ListenerList): Row[] =>
  listeners.flatMap(({ user, connections }) =>
    (connections.length > 0 ? connections : [undefined]).map((connection, index) => ({
      key: `${user.id} ${index}`,
      user,
      number: index + 1,
      of: connections.length,
      connection,
    })),
  );

/** How each connection to the room keeps in time, refreshed every 5 s. */
export function Listeners() {
  const { delivery: text } = useTexts();
  const language = useLanguage();
  const { room } = useJoinedRoom();
  /** Where the pages that were turned to begin; undefined until one was. */
  const [starts, setStarts] = useState<readonly string[]>();
  const after = starts?.at(-1);
  const load = useCallback(
    () => room.listeners({ limit: pageSize, ...(after !== undefined && { after }) }),
    [room, after],
  );
  const { value, error } = usePolled(load, intervalMs);
  const next = value?.next ?? undefined;
  return (
    <section aria-label={text.listeners}>
      <FiguresError error={error} />
      {!value && error === undefined && <FiguresLoading />}
      {value && (
        <>
          <Text size="sm" c="dimmed" className={classes.summary}>
            {text.summary(
              formatCount(value.online_count, language),
              formatCount(value.listening_count, language),
            )}
          </Text>
          <Figures
            label={text.listeners}
            columns={columnsOf(text, language)}
            rows={rowsOf(value)}
            keyOf={({ key }) => key}
          />
        </>
      )}
      {/* They stay while a page loads: one of them has the focus. */}
      {(starts !== undefined || next !== undefined) && (
        <PageButtons
          onPrevious={starts?.length ? () => setStarts(starts.slice(0, -1)) : undefined}
          onNext={next === undefined ? undefined : () => setStarts([...(starts ?? []), next])}
        />
      )}
      {value && <Legend />}
    </section>
  );
}

type DeliveryTexts = ReturnType<typeof useTexts>['delivery'];

const columnsOf = (text: DeliveryTexts, language: string): [Column<Row>, ...Column<Row>[]] => [
  {
    title: text.listener,
    cell: ({ user, number, of }) => (
      <>
        <bdi>{user.username}</bdi>
        {of > 1 && ` (${text.of(formatCount(number, language), formatCount(of, language))})`}
      </>
    ),
  },
  { title: text.status, cell: ({ connection }) => statusOf(connection, text) },
  {
    title: text.roundTrip,
    isFigure: true,
    cell: ({ connection }) => formatSeconds(connection?.round_trip, language),
  },
  {
    title: text.drift,
    isFigure: true,
    cell: ({ connection }) => <bdi>{formatDrift(connection?.drift, language)}</bdi>,
  },
  {
    title: text.confirmed,
    isFigure: true,
    cell: ({ connection }) => {
      const last = connection?.last_confirmed;
      return last
        ? `#${formatCount(last.sequence, language)} · ${formatClock(last.confirmed_at, language)}`
        : '–';
    },
  },
  {
    title: text.retries,
    isFigure: true,
    cell: ({ connection }) => (connection ? formatCount(connection.retries, language) : '–'),
  },
];

function statusOf(connection: ListenerConnection | undefined, text: DeliveryTexts): string {
  if (!connection) return text.gone;
  const status = connection.status ? text.statuses[connection.status] : text.unknown;
  return connection.muted ? `${status}, ${text.muted}` : status;
}

function Legend() {
  const { delivery: text } = useTexts();
  return (
    <dl className={classes.legend}>
      {text.legend.map(([term, meaning]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
