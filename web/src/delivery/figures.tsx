import { Button, Group, Skeleton, Table, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import classes from './figures.module.css';

export interface Column<R> {
  readonly title: string;
  readonly cell: (row: R) => ReactNode;
  /** Whether it is a figure: those stand at the end of their column. */
  readonly isFigure?: boolean;
}

/** A table; on narrow screens a list of cards with the same figures. The first column names the row. */
export function Figures<R>({
  label,
  columns,
  rows,
  keyOf,
}: {
  label: string;
  columns: readonly [Column<R>, ...Column<R>[]];
  rows: readonly R[];
  keyOf: (row: R) => string;
}) {
  const isWide = useMediaQuery('(min-width: 48em)', true, { getInitialValueInEffect: false });
  const [name, ...figures] = columns;
  if (!isWide) {
    return (
      <ul className={classes.cards} aria-label={label}>
        {rows.map((row) => (
          <li key={keyOf(row)} className={classes.card}>
            <div className={classes.cardName}>{name.cell(row)}</div>
            <dl className={classes.pairs}>
              {figures.map(({ title, cell }) => (
                <div key={title}>
                  <dt>{title}</dt>
                  <dd>{cell(row)}</dd>
                </div>
              ))}
            </dl>
          </li>
        ))}
      </ul>
    );
  }
  return (
    <Table.ScrollContainer minWidth={640} type="native">
      <Table aria-label={label} verticalSpacing="sm" className={classes.table}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ title, isFigure }) => (
              <Table.Th key={title} scope="col" ta={isFigure ? 'end' : 'start'}>
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={keyOf(row)}>
              <Table.Th scope="row" className={classes.rowName}>
                {name.cell(row)}
              </Table.Th>
              {figures.map(({ title, cell, isFigure }) => (
                <Table.Td key={title} ta={isFigure ? 'end' : 'start'}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Turns the pages of a list. @param onNext undefined: there is none, or it is not known yet */
export function PageButtons({
  onPrevious,
  onNext,
}: {
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
}) {
  const { delivery: text } = useTexts();
  return (
    <Group justify="center" mt="md">
      <PageButton label={text.previousPage} onTurn={onPrevious} />
      <PageButton label={text.nextPage} onTurn={onNext} />
    </Group>
  );
}

/** One that leads nowhere keeps the focus: `disabled` would drop it. */
function PageButton({ label, onTurn }: { label: string; onTurn: (() => void) | undefined }) {
  return (
    <Button
      h={44}
      variant="default"
      data-disabled={onTurn === undefined}
      aria-disabled={onTurn === undefined}
      onClick={() => onTurn?.()}
    >
      {label}
    </Button>
  );
}

/** What stands in place of figures that are not there yet. */
export function FiguresLoading() {
  const { common } = useTexts();
  return (
    <div aria-busy="true" aria-label={common.loading} role="status" className={classes.cards}>
      {[0, 1, 2].map((row) => (
        <Skeleton key={row} height={52} radius="md" />
      ))}
    </div>
  );
}

/** Says that figures could not be loaded; they are asked for again by themselves. */
export function FiguresError({ error }: { error: unknown }) {
  const texts = useTexts();
  if (error === undefined) return null;
  return (
    <Text role="alert" size="sm" className={classes.error}>
      {describeError(error, texts)} {texts.delivery.triedAgain}
    </Text>
  );
}
