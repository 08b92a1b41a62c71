import { Slider, Switch } from '@mantine/core';
import { skipVotesNeeded } from '@roomcast/client';
import { useState } from 'react';
import { formatPercent } from '../i18n/figures.js';
import { useLanguage, useTexts } from '../i18n/language.js';
import { useRoomState } from '../room/joined-room.js';
import { Setting } from './setting.js';
import classes from './settings.module.css';
import { useSave } from './use-save.js';

const defaultShare = 0.5;
const toPercent = (share: number) => Math.round(share * 100);

/** Whether listeners may skip a track by vote, and how many of them are needed. */
export function SkipVoteSetting({ share }: { share: number | null }) {
  const { roomSettings: text } = useTexts();
  const language = useLanguage();
  const online = useRoomState((state) => state.online_count);
  const saving = useSave();
  /** Where the slider is while it moves. */
  const [moving, setMoving] = useState<number>();
  const percent = moving ?? toPercent(share ?? defaultShare);
  const format = (value: number) => formatPercent(value / 100, language);
  const save = (skip_vote_share: number | null) => saving.save({ settings: { skip_vote_share } });
  return (
    <>
      <Setting
        inline
        label={text.skipVote}
        saving={saving}
        hint={
          share === null
            ? text.skipVoteOff
            : text.skipVoteNeeds(skipVotesNeeded(percent / 100, online), Math.max(1, online))
        }
      >
        {(labelId) => (
          <Switch
            size="md"
            className={classes.toggle}
            aria-labelledby={labelId}
            checked={share !== null}
            onChange={({ currentTarget }) => void save(currentTarget.checked ? defaultShare : null)}
          />
        )}
      </Setting>
      {share !== null && (
        <Slider
          className={classes.slider}
          size="lg"
          thumbSize={28}
          min={10}
          max={100}
          step={10}
          value={percent}
          label={format}
          thumbLabel={text.skipVoteShare}
          thumbProps={{ 'aria-valuetext': format(percent) }}
          onChange={setMoving}
          onChangeEnd={(chosen) => void save(chosen / 100).then(() => setMoving(undefined))}
        />
      )}
    </>
  );
}
