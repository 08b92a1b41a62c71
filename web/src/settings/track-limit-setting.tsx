import { NumberInput, Switch } from '@mantine/core';
import { useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { maxTracksPerUser } from './room-rules.js';
import { Setting } from './setting.js';
import classes from './settings.module.css';
import { useSave } from './use-save.js';

const defaultLimit = 5;

/** How many tracks of one person may wait in the queue. */
export function TrackLimitSetting({ limit }: { limit: number | null }) {
  const { roomSettings: text } = useTexts();
  const saving = useSave();
  const [draft, setDraft] = useState<number | string>();
  const save = (max_tracks_per_user: number | null) => saving.save({ settings: { max_tracks_per_user } });

  async function saveDraft() {
    const typed = Number(draft);
    if (draft === undefined || draft === '' || typed === limit || (await save(typed))) setDraft(undefined);
  }

  return (
    <>
      <Setting
        inline
        label={text.trackLimit}
        hint={limit === null ? text.trackLimitOff : undefined}
        saving={saving}
      >
        {(labelId) => (
          <Switch
            size="md"
            className={classes.toggle}
            aria-labelledby={labelId}
            checked={limit !== null}
            onChange={({ currentTarget }) => void save(currentTarget.checked ? defaultLimit : null)}
          />
        )}
      </Setting>
      {limit !== null && (
        <NumberInput
          size="md"
          aria-label={text.tracksPerPerson}
          value={draft ?? limit}
          min={1}
          max={maxTracksPerUser}
          clampBehavior="strict"
          allowDecimal={false}
          allowNegative={false}
          onChange={setDraft}
          onBlur={() => void saveDraft()}
          onKeyDown={({ key }) => {
            if (key === 'Enter') void saveDraft();
          }}
        />
      )}
    </>
  );
}
