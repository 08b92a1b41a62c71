import { Button, Text } from '@mantine/core';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { FiguresLoading, PageButtons } from '../delivery/figures.js';
import { useTexts } from '../i18n/language.js';
import { describeOperatorError } from './describe-operator-error.js';
import type { Page } from './operator-api.js';
import classes from './operator.module.css';

export interface Pages<T> {
  readonly page: Page<T> | undefined;
  readonly error: unknown;
  readonly reload: () => void;
  /** Undefined on the last page, and until the page that was turned to is there: only it knows the next one. */
  readonly next: (() => void) | undefined;
  /** Undefined on the first page. */
  readonly previous: (() => void) | undefined;
}

/** Pages of a list, turned one by one. @param load must be the same function until the list is another one */
export function usePages<T>(load: (after: string | undefined) => Promise<Page<T>>): Pages<T> {
  const [place, setPlace] = useState<{ of: typeof load; starts: readonly string[] }>({
    of: load,
    starts: [],
  });
  const starts = place.of === load ? place.starts : [];
  const [loads, setLoads] = useState(0);
  const after = starts.at(-1);
  // Another one for each load.
  const request = useMemo(() => () => load(after), [load, after, loads]);
  const [answer, setAnswer] = useState<{ to?: typeof request; page?: Page<T>; error?: unknown }>({});
  useEffect(() => {
    let isWanted = true;
    request().then(
      (page) => {
        if (isWanted) setAnswer({ to: request, page });
      },
      (error: unknown) => {
        if (isWanted) setAnswer((last) => ({ ...last, to: request, error }));
      },
    );
    return () => {
      isWanted = false;
    };
  }, [request]);
  const { page } = answer;
  const next = answer.to === request && answer.error === undefined ? page?.next : undefined;
  return {
    page,
    error: answer.error,
    reload: useCallback(() => setLoads((count) => count + 1), []),
    next: next ? () => setPlace({ of: load, starts: [...starts, next] }) : undefined,
    previous: starts.length > 0 ? () => setPlace({ of: load, starts: starts.slice(0, -1) }) : undefined,
  };
}

/** Below a list: turning its pages; in its place: that it loads, that it is empty, or why it cannot be loaded. */
export function PageFrame<T>({ pages, empty }: { pages: Pages<T>; empty: string }) {
  const texts = useTexts();
  const { page, error, previous, next } = pages;
  return (
    <>
      {error !== undefined && (
        <div role="alert" className={classes.problem}>
          <span>{describeOperatorError(error, texts)}</span>
          <Button h={44} variant="default" onClick={pages.reload}>
            {texts.common.tryAgain}
          </Button>
        </div>
      )}
      {!page && error === undefined && <FiguresLoading />}
      {page?.items.length === 0 && <Text c="dimmed">{empty}</Text>}
      {page && (previous || page.next !== null) && <PageButtons onPrevious={previous} onNext={next} />}
    </>
  );
}
