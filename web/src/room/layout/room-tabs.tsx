import type { Icon } from '@tabler/icons-react';
import { type KeyboardEvent, useId, type ReactNode } from 'react';
import classes from './room-tabs.module.css';

const maxCount = 99;

export interface RoomTab {
  readonly key: string;
  readonly label: string;
  readonly icon: Icon;
  /** Shown at the label. */
  readonly count?: number;
}

/** Tabs with arrow keys. @returns the tab list and the attributes of the panel, which a layout places apart */
export function useRoomTabs(
  label: string,
  tabs: readonly RoomTab[],
  selected: string,
  onSelect: (key: string) => void,
  variant: 'bottom' | 'top',
): { tabList: ReactNode; panel: { id: string; role: 'tabpanel'; 'aria-labelledby': string } } {
  const id = useId();
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const isRtl = getComputedStyle(event.currentTarget).direction === 'rtl';
    const index = tabs.findIndex(({ key }) => key === selected);
    const steps: Record<string, number> = {
      ArrowRight: index + (isRtl ? -1 : 1),
      ArrowLeft: index + (isRtl ? 1 : -1),
      Home: 0,
      End: tabs.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length]!;
    onSelect(tab.key);
    document.getElementById(`${id}-${tab.key}`)?.focus();
  };
  const tabList = (
    <div
      className={classes.tabs}
      data-variant={variant}
      role="tablist"
      aria-label={label}
      onKeyDown={onKeyDown}
    >
      {tabs.map(({ key, label: name, icon: Shown, count }) => (
        <button
          key={key}
          id={`${id}-${key}`}
          type="button"
          role="tab"
          className={classes.tab}
          aria-selected={key === selected}
          aria-controls={key === selected ? `${id}-panel` : undefined}
          tabIndex={key === selected ? 0 : -1}
          onClick={() => onSelect(key)}
        >
          <span className={classes.icon}>
            <Shown size={22} stroke={key === selected ? 2.2 : 1.7} aria-hidden />
            {variant === 'bottom' && <Count count={count} />}
          </span>
          <span className={classes.label}>{name}</span>
          {variant === 'top' && <Count count={count} />}
        </button>
      ))}
    </div>
  );
  return {
    tabList,
    panel: { id: `${id}-panel`, role: 'tabpanel', 'aria-labelledby': `${id}-${selected}` },
  };
}

function Count({ count = 0 }: { count: number | undefined }) {
  return count > 0 && <span className={classes.count}>{count > maxCount ? `${maxCount}+` : count}</span>;
}
