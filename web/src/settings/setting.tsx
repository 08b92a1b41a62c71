import { Text } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import { useTexts } from '../i18n/language.js';
import type { Saving } from './use-save.js';
import classes from './settings.module.css';

/**
 * One setting: what it is, its control, whether the last change was saved, or why not.
 * @param children is given the id of the label, for `aria-labelledby`
 */
export function Setting({
  label,
  hint,
  saving,
  inline = false,
  children,
}: {
  label: string;
  hint?: string | undefined;
  saving: Pick<Saving, 'isSaved' | 'error'>;
  /** Whether the control stands at the end of the label's line. */
  inline?: boolean;
  children: (labelId: string) => ReactNode;
}) {
  const { roomSettings: text } = useTexts();
  const labelId = useId();
  return (
    <div className={classes.setting}>
      <div className={classes.line}>
        <div className={classes.label}>
          <span id={labelId}>{label}</span>
          <span role="status" className={classes.saved}>
            {saving.isSaved && text.saved}
          </span>
        </div>
        {inline && children(labelId)}
      </div>
      {hint !== undefined && (
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
      )}
      {!inline && children(labelId)}
      {saving.error !== undefined && (
        <Text role="alert" size="sm" className={classes.error}>
          {saving.error}
        </Text>
      )}
    </div>
  );
}
