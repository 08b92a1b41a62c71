import { Text } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import classes from './empty-state.module.css';

/** What a list says while there is nothing in it. */
export function EmptyState({ icon: Shown, title, text }: { icon: Icon; title?: string; text: string }) {
  return (
    <div className={classes.empty}>
      <Shown size={32} stroke={1.5} aria-hidden />
      {title !== undefined && <Text fw={600}>{title}</Text>}
      <Text size="sm" c="dimmed">
        {text}
      </Text>
    </div>
  );
}
