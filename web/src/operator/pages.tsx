import { Button, Group, Text } from '@mantine/core';
import { useCallback, useEffect, useState } from 'react';
import { FiguresLoading } from '../delivery/figures.js';
import { useTexts } from '../i18n/language.js';
import { describeOperatorError } from './describe-operator-error.js';
import type { Page } from './operator-api.js';
import classes from './operator.module.css';

export interface Pages<T> {
  readonly page: Page<T> | undefined;
  readonly error: unknown;
  readonly isFirst: boolean;
  readonly reload: () => void;
  readonly next: () => void;
  readonly previous: () => void;
}

/** Pages of a list, turned one by one. @param load must be the same function until the list is another one */
export function usePages<T>(load: (after: string | undefined) => Promise<Page<T>>): Pages<T> {
  const [place, setPlace] = useState<{ of: typeof load; starts: readonly string[] }>({
    of: load,
    starts: [],
  });
  const starts = place.of === load ? place.starts : [];
  const [loads, setLoads] = useState(0);
  const [answer, setAnswer] = useState<{ page?: Page<T>; error?: unknown }>({});
  const after = starts.at(-1);
  useEffect(() => {
    let isWanted = true;
    load(after).then(
      (page) => {
        if (isWanted) setAnswer({ page });
      },
      (error: unknown) => {
        if (isWanted) setAnswer((last) => ({ ...last, error }));
      },
    );
    return () => {
      isWanted = false;
    };
  }, [load, after, loads]);
  const { page } = answer;
  return {
    page,
    error: answer.error,
    isFirst: starts.length === 0,
    reload: useCallback(() => setLoads((count) => count + 1), []),
    next: () => {
      if (page?.next) setPlace({ of: load, starts: [...starts, page.next] });
    },
    previous: () => setPlace({ of: load, starts: starts.slice(0, -1) }),
  };
}

/** Below a list: turning its pages; in its place: that it loads, that it is empty, or why it cannot be loaded. */
export function PageFrame<T>({ pages, empty }: { pages: Pages<T>; empty: string }) {
  const texts = useTexts();
  const { common, delivery } = texts;
  const { page, error } = pages;
  return (
    <>
      {error !== undefined && (
        <div role="alert" className={classes.problem}>
          <span>{describeOperatorError(error, texts)}</span>
          <Button h={44} variant="default" onClick={pages.reload}>
            {common.tryAgain}
          </Button>
        </div>
      )}
      {!page && error === undefined && <FiguresLoading />}
      {page?.items.length === 0 && <Text c="dimmed">{empty}</Text>}
      {page && (!pages.isFirst || page.next !== null) && (
        <Group justify="center" mt="md">
          <Button h={44} variant="default" disabled={pages.isFirst} onClick={pages.previous}>
            {delivery.previousPage}
          </Button>
          <Button h={44} variant="default" disabled={page.next === null} onClick={pages.next}>
            {delivery.nextPage}
          </Button>
        </Group>
      )}
    </>
  );
}
