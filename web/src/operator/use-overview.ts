import { useEffect, useMemo, useRef, useState } from 'react';
import { usePolled } from '../delivery/use-polled.js';
import { History } from './history.js';
import type { AdminOverview } from '@roomcast/client';
import type { OperatorApi } from './operator-api.js';

const intervalMs = 2000;

/** The state of the server, read every 2 s while the page is visible, and how it was in the last 10 minutes. */
export function useOverview(api: OperatorApi): {
  overview: AdminOverview | undefined;
  history: History;
  error: unknown;
} {
  const samples = useRef(new History());
  const load = useMemo(
    () => async () => {
      const overview = await api.overview();
      samples.current.add(overview);
      return overview;
    },
    [api],
  );
  const { value, error } = usePolled(load, intervalMs);
  // What was read stays while the server is away.
  const [last, setLast] = useState<AdminOverview>();
  useEffect(() => {
    if (value) setLast(value);
  }, [value]);
  return { overview: value ?? last, history: samples.current, error };
}
