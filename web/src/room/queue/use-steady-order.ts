import type { Track } from '@roomcast/client';
import { type RefObject, useEffect, useMemo, useState } from 'react';

/** A new order waits no longer. */
const maxWaitMs = 1_500;

/**
 * The queue as it is shown. While the pointer is on a row, a new order waits until it leaves: a second click would hit
 * another row, which has just come there. Votes are shown at once. The focus needs none of this, it moves with its row.
 * @param panel has the rows
 * @param still see `useRowMotion`: true when the user has moved a row, which is shown at once
 */
export function useSteadyOrder(
  tracks: readonly Track[],
  panel: RefObject<HTMLElement | null>,
  still: RefObject<boolean>,
): readonly Track[] {
  const [last, setLast] = useState(tracks);
  /** The ids in the order that is shown meanwhile. */
  const [kept, setKept] = useState<readonly string[]>();
  if (tracks !== last) {
    setLast(tracks);
    if (still.current) setKept(undefined);
    else if (!kept && panel.current?.querySelector('[data-track-id]:hover')) {
      const ids = last.map(({ id }) => id);
      if (!isInOrder(tracks, ids)) setKept(ids);
    }
  }
  useEffect(() => {
    if (!kept) return;
    const end = () => setKept(undefined);
    // A finger leaves with each tap, before the click.
    const onLeave = ({ pointerType }: PointerEvent) => {
      if (pointerType !== 'touch') end();
    };
    const element = panel.current;
    const timer = setTimeout(end, maxWaitMs);
    element?.addEventListener('pointerleave', onLeave);
    return () => {
      clearTimeout(timer);
      element?.removeEventListener('pointerleave', onLeave);
    };
  }, [kept, panel]);
  return useMemo(() => (kept ? inOrder(tracks, kept) : tracks), [tracks, kept]);
}

/** Tracks that are not in the order come last. */
function inOrder(tracks: readonly Track[], ids: readonly string[]): readonly Track[] {
  const places = new Map(ids.map((id, index) => [id, index]));
  const placeOf = ({ id }: Track) => places.get(id) ?? ids.length;
  return [...tracks].sort((a, b) => placeOf(a) - placeOf(b));
}

const isInOrder = (tracks: readonly Track[], ids: readonly string[]): boolean =>
  inOrder(tracks, ids).every((track, index) => track === tracks[index]);
