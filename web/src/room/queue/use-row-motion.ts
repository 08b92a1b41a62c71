import { type RefObject, useLayoutEffect, useRef } from 'react';
import { rowHeight } from './queue-row.js';

const durationMs = 220;
/** A row that comes from far away does not cross the whole list. */
const maxDistance = 6 * rowHeight;

/**
 * Lets the rows of a list slide to their new places when the order changes (FLIP). Rows have the same height, so their
 * places follow from the order. The row under the pointer or with the focus stays where the hand is: it jumps.
 * @param still set it to true before a change that shows its motion itself
 */
export function useRowMotion(
  list: RefObject<HTMLElement | null>,
  ids: readonly string[],
  still: RefObject<boolean>,
): void {
  const before = useRef<readonly string[]>(undefined);
  useLayoutEffect(() => {
    const last = before.current;
    before.current = ids;
    if (!last || last === ids || !list.current) return;
    if (still.current) {
      still.current = false;
      return;
    }
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const places = new Map(last.map((id, index) => [id, index]));
    const now = new Map(ids.map((id, index) => [id, index]));
    for (const row of list.current.querySelectorAll<HTMLElement>('[data-track-id]')) {
      const to = now.get(row.dataset.trackId!);
      if (to === undefined || row.matches(':hover, :focus-within')) continue;
      const from = places.get(row.dataset.trackId!);
      if (from === undefined) appear(row);
      else if (from !== to) slide(row, (from - to) * rowHeight);
    }
  }, [list, ids, still]);
}

function appear(row: HTMLElement): void {
  row.animate([{ opacity: 0 }, { opacity: 1 }], { duration: durationMs, easing: 'ease-out' });
}

function slide(row: HTMLElement, distance: number): void {
  // A row that is still sliding goes on from where it is seen.
  const moved = new DOMMatrixReadOnly(getComputedStyle(row).transform).m42;
  for (const animation of row.getAnimations()) animation.cancel();
  const start = Math.max(-maxDistance, Math.min(maxDistance, distance + moved));
  row.animate([{ transform: `translateY(${start}px)` }, { transform: 'none' }], {
    duration: durationMs,
    easing: 'cubic-bezier(0.2, 0, 0, 1)',
  });
}
