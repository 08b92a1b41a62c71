import { SegmentedControl, Switch } from '@mantine/core';
import type { RoomUpdate } from '@roomcast/client';
import { Setting } from './setting.js';
import classes from './settings.module.css';
import { useSave } from './use-save.js';

/** A setting that has a few values, all of them shown. Saves at once. */
export function ChoiceSetting<V extends string>({
  label,
  hint,
  value,
  options,
  update,
}: {
  label: string;
  hint?: string;
  value: V;
  options: { value: V; label: string }[];
  update: (value: V) => RoomUpdate;
}) {
  const saving = useSave();
  return (
    <Setting label={label} hint={hint} saving={saving}>
      {(labelId) => (
        <SegmentedControl
          fullWidth
          className={classes.choice}
          aria-labelledby={labelId}
          value={value}
          data={options}
          onChange={(chosen) => void saving.save(update(chosen))}
        />
      )}
    </Setting>
  );
}

/** A setting that is on or off. Saves at once. */
export function SwitchSetting({
  label,
  hint,
  isOn,
  update,
}: {
  label: string;
  hint?: string;
  isOn: boolean;
  update: (isOn: boolean) => RoomUpdate;
}) {
  const saving = useSave();
  return (
    <Setting label={label} hint={hint} saving={saving} inline>
      {(labelId) => (
        <Switch
          size="md"
          className={classes.toggle}
          aria-labelledby={labelId}
          checked={isOn}
          onChange={({ currentTarget }) => void saving.save(update(currentTarget.checked))}
        />
      )}
    </Setting>
  );
}
