import { type ReactElement, type Ref, useLayoutEffect, useRef, useState } from 'react';
import { Virtualizer } from 'virtua';
import classes from './long-list.module.css';
import { useScrollArea } from './scroll-area.js';

/** Lists with more items have only those in the document that can be seen. */
const maxItems = 60;

/** A list of items of the same height, which may be long. */
export function LongList<T extends { readonly id: string }>({
  items,
  itemHeight,
  keptId,
  children,
  ref,
}: {
  items: readonly T[];
  itemHeight: number;
  /** Stays in the document wherever the list is scrolled to. */
  keptId?: string | undefined;
  /** Must give the element the item's id as key. */
  children: (item: T, index: number) => ReactElement;
  ref?: Ref<HTMLDivElement>;
}) {
  return (
    <div ref={ref}>
      {items.length > maxItems ? (
        <LongItems items={items} itemHeight={itemHeight} keptId={keptId}>
          {children}
        </LongItems>
      ) : (
        <ul className={classes.list}>
          {items.map((item, index) => (
            <li key={item.id}>{children(item, index)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function LongItems<T extends { readonly id: string }>({
  items,
  itemHeight,
  keptId,
  children,
}: {
  items: readonly T[];
  itemHeight: number;
  keptId: string | undefined;
  children: (item: T, index: number) => ReactElement;
}) {
  const area = useScrollArea();
  // Out of sight the row would lose the focus, and the keyboard its place.
  const [focusedId, setFocusedId] = useState<string>();
  const kept = [keptId, focusedId]
    .filter((id) => id !== undefined)
    .map((keep) => items.findIndex(({ id }) => id === keep))
    .filter((index) => index >= 0);
  const start = useRef<HTMLDivElement>(null);
  const [startMargin, setStartMargin] = useState(0);
  // What stands above the list in the same area may change its height at any time.
  useLayoutEffect(() => {
    const scroller = area.current;
    if (!scroller) return;
    const measure = () => {
      const offset = start.current!.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
      setStartMargin(Math.round(offset + scroller.scrollTop));
    };
    const observer = new ResizeObserver(measure);
    for (const child of scroller.children) observer.observe(child);
    measure();
    return () => observer.disconnect();
  }, [area]);
  return (
    <>
      <div ref={start} />
      <Virtualizer
        as="ul"
        item="li"
        scrollRef={area}
        startMargin={startMargin}
        itemSize={itemHeight}
        data={items}
        {...(kept.length > 0 && { keepMounted: kept })}
      >
        {(item, index) => (
          <div key={item.id} onFocus={() => setFocusedId(item.id)}>
            {children(item, index)}
          </div>
        )}
      </Virtualizer>
    </>
  );
}
