import { SimpleGrid, Skeleton } from '@mantine/core';
import { formatCount } from '../delivery/format.js';
import { useLanguage, useTexts } from '../i18n/language.js';
import { Chart } from './chart.js';
import type { History } from './history.js';
import { formatBytes } from './format-bytes.js';
import type { AdminOverview } from '@roomcast/client';
import classes from './operator.module.css';

/** The server in figures, and how they were in the last 10 minutes. */
export function OverviewPanel({
  overview,
  history,
}: {
  overview: AdminOverview | undefined;
  history: History;
}) {
  const { common, operator: text } = useTexts();
  const language = useLanguage();
  if (!overview) {
    return (
      <div role="status" aria-busy="true" aria-label={common.loading}>
        <Skeleton height={76} radius="lg" mb="md" />
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {[0, 1, 2, 3].map((at) => (
            <Skeleton key={at} height={250} radius="lg" />
          ))}
        </SimpleGrid>
      </div>
    );
  }
  const count = (value: number) => formatCount(value, language);
  const { storage, confirmations } = overview;
  const used = formatBytes(storage.bytes, language);
  const tiles = [
    [text.rooms, count(overview.rooms)],
    [text.users, count(overview.users)],
    [text.connections, count(overview.connections)],
    [text.tracks, count(storage.tracks)],
    [
      text.storage,
      storage.max_bytes === null ? used : text.of(used, formatBytes(storage.max_bytes, language)),
    ],
    [text.pending, count(confirmations.pending)],
    [text.deadLettersTotal, count(confirmations.dead_letters)],
  ] as const;
  const quantiles = (name: 'written' | 'confirmed') => [
    { figure: `${name}50` as const, label: text.half },
    { figure: `${name}95` as const, label: '95 %' },
    { figure: `${name}99` as const, label: '99 %' },
  ];
  return (
    <>
      <dl className={classes.tiles}>
        {tiles.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        <Chart
          title={text.eventsPerSecond}
          history={history}
          digits={2}
          unit=""
          lines={[{ figure: 'events', label: text.allTypes }]}
        />
        <Chart title={text.written} history={history} digits={1} unit=" ms" lines={quantiles('written')} />
        <Chart
          title={text.confirmed}
          history={history}
          digits={0}
          unit=" ms"
          lines={quantiles('confirmed')}
        />
        <Chart
          title={text.connections}
          history={history}
          digits={0}
          unit=""
          lines={[{ figure: 'connections', label: text.thisNode }]}
        />
        <Chart
          title={text.failures}
          history={history}
          digits={0}
          unit=""
          lines={[
            { figure: 'retries', label: text.retries },
            { figure: 'deadLetters', label: text.deadLetters },
          ]}
        />
        <Chart
          title={text.memory}
          history={history}
          digits={0}
          unit=" MB"
          lines={[
            { figure: 'rss', label: text.process },
            { figure: 'heap', label: text.heap },
          ]}
        />
        <Chart
          title={text.loopDelay}
          history={history}
          digits={1}
          unit=" ms"
          lines={[
            { figure: 'loop50', label: text.half },
            { figure: 'loop99', label: '99 %' },
            { figure: 'loopMax', label: text.longest },
          ]}
        />
      </SimpleGrid>
    </>
  );
}
