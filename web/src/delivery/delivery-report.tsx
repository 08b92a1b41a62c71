import { Text } from '@mantine/core';
import type { DeliveryReport, DeliveryUser } from '@roomcast/client';
import { useCallback, useState } from 'react';
import { useLanguage, useTexts } from '../i18n/language.js';
import { useJoinedRoom } from '../room/joined-room.js';
import classes from './event-log.module.css';
import { type Column, Figures, FiguresError, FiguresLoading } from './figures.js';
import { formatClock, formatCount, formatSeconds } from './format.js';
import { usePolled } from './use-polled.js';

const intervalMs = 5000;

/**
 * Who has confirmed an event, after how many attempts and how fast, and who has not. Refreshed until that is decided.
 * @param onDeadLetters is given for how many it was given up; must be the same function each time
 */
export function DeliveryReportView({
  eventId,
  onDeadLetters,
}: {
  eventId: string;
  onDeadLetters: (count: number) => void;
}) {
  const { room } = useJoinedRoom();
  const { delivery: text } = useTexts();
  const [complete, setComplete] = useState<DeliveryReport>();
  const load = useCallback(async () => {
    const report = await room.deliveryReport(eventId);
    if (report.complete) setComplete(report);
    onDeadLetters(report.dead_letters);
    return report;
  }, [room, eventId, onDeadLetters]);
  const polled = usePolled(complete ? undefined : load, intervalMs);
  const report = complete ?? polled.value;
  return (
    <section className={classes.report} aria-label={text.report}>
      <FiguresError error={complete ? undefined : polled.error} />
      {report ? <Report report={report} /> : polled.error === undefined && <FiguresLoading />}
    </section>
  );
}

function Report({ report }: { report: DeliveryReport }) {
  const { delivery: text } = useTexts();
  const language = useLanguage();
  if (report.expected === 0) {
    return (
      <Text size="sm" c="dimmed">
        {report.requires_confirmation ? text.nobodyExpected : text.needsNoConfirmation}
      </Text>
    );
  }
  const count = (value: number) => formatCount(value, language);
  const { p50, p99, max } = report.time_to_confirmation;
  return (
    <>
      <dl className={classes.counts}>
        <Count
          label={text.outcomes.confirmed}
          value={text.of(count(report.confirmed), count(report.expected))}
        />
        {report.pending > 0 && <Count label={text.outcomes.pending} value={count(report.pending)} />}
        {report.superseded > 0 && <Count label={text.outcomes.superseded} value={count(report.superseded)} />}
        {report.expired > 0 && <Count label={text.outcomes.expired} value={count(report.expired)} />}
        {report.dead_letters > 0 && (
          <Count isFailed label={text.outcomes.dead_letter} value={count(report.dead_letters)} />
        )}
        <Count label={text.attempts} value={count(report.attempts)} />
        <Count label={text.half} value={formatSeconds(p50, language, 1)} />
        <Count label={text.almostAll} value={formatSeconds(p99, language, 1)} />
        <Count label={text.slowest} value={formatSeconds(max, language, 1)} />
      </dl>
      <Figures
        label={text.report}
        columns={columnsOf(text, language)}
        rows={report.users}
        keyOf={({ id }) => id}
      />
      {report.users_left_out > 0 && (
        <Text size="sm" c="dimmed" mt="sm">
          {text.leftOut(count(report.users_left_out))}
        </Text>
      )}
    </>
  );
}

function Count({ label, value, isFailed = false }: { label: string; value: string; isFailed?: boolean }) {
  return (
    <div className={isFailed ? classes.failed : undefined}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

type DeliveryTexts = ReturnType<typeof useTexts>['delivery'];

const columnsOf = (
  text: DeliveryTexts,
  language: string,
): [Column<DeliveryUser>, ...Column<DeliveryUser>[]] => [
  { title: text.listener, cell: ({ username }) => <bdi>{username}</bdi> },
  {
    title: text.outcome,
    cell: ({ outcome, confirmed_late_at: late }) =>
      late === null
        ? text.outcomes[outcome]
        : `${text.outcomes[outcome]}, ${text.late(formatClock(late, language))}`,
  },
  { title: text.attempts, isFigure: true, cell: ({ attempts }) => formatCount(attempts, language) },
  { title: text.took, isFigure: true, cell: ({ seconds }) => formatSeconds(seconds, language, 1) },
  {
    title: text.connections,
    isFigure: true,
    cell: ({ connections, confirmed_connections: confirmed }) =>
      text.of(formatCount(confirmed, language), formatCount(connections, language)),
  },
];
