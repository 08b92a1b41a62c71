import { SimpleGrid, Skeleton } from '@mantine/core';
import { formatCount } from '../delivery/format.js';
import { formatPercent } from '../i18n/figures.js';
import { useLanguage, useTexts } from '../i18n/language.js';
import { Chart, type ChartContent, type Line } from './chart.js';
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
  const [most, almostAll] = [formatPercent(0.95, language), formatPercent(0.99, language)];
  const quantiles = (name: 'written' | 'confirmed'): Line[] => [
    { figure: `${name}50` as const, label: text.half },
    { figure: `${name}95` as const, label: most },
    { figure: `${name}99` as const, label: almostAll },
  ];
  const charts: ChartContent[] = [
    { title: text.eventsPerSecond, digits: 2, lines: [{ figure: 'events', label: text.allTypes }] },
    { title: text.written, digits: 1, unit: 'millisecond', lines: quantiles('written') },
    { title: text.confirmed, digits: 0, unit: 'millisecond', lines: quantiles('confirmed') },
    { title: text.connections, digits: 0, lines: [{ figure: 'connections', label: text.thisNode }] },
    {
      title: text.failures,
      digits: 0,
      lines: [
        { figure: 'retries', label: text.retries },
        { figure: 'deadLetters', label: text.deadLetters },
      ],
    },
    {
      title: text.memory,
      digits: 0,
      unit: 'megabyte',
      lines: [
        { figure: 'rss', label: text.process },
        { figure: 'heap', label: text.heap },
      ],
    },
    {
      title: text.loopDelay,
      digits: 1,
      unit: 'millisecond',
      lines: [
        { figure: 'loop50', label: text.half },
        { figure: 'loop99', label: almostAll },
        { figure: 'loopMax', label: text.longest },
      ],
    },
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
        {charts.map((chart) => (
          <Chart key={chart.title} {...chart} history={history} />
        ))}
      </SimpleGrid>
    </>
  );
}
