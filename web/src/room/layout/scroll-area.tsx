import { createContext, type ReactNode, type RefObject, useContext, useRef } from 'react';
import classes from './scroll-area.module.css';

const ScrollAreaContext = createContext<RefObject<HTMLElement | null>>({ current: null });

/** The element that scrolls around this component. */
export const useScrollArea = (): RefObject<HTMLElement | null> => useContext(ScrollAreaContext);

/** A part of the page that scrolls by itself; long lists in it know it. */
export function ScrollArea({
  children,
  className = '',
}: {
  children: ReactNode;
  className?: string | undefined;
}) {
  const area = useRef<HTMLDivElement>(null);
  return (
    <div
      ref={area}
      className={`${classes.area} ${className}`}
      // Without anything in it to focus, keys could not scroll it.
      tabIndex={0}
    >
      <ScrollAreaContext value={area}>{children}</ScrollAreaContext>
    </div>
  );
}
