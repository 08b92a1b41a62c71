import { Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n/language.js';
import { useRoomState } from '../room/joined-room.js';
import { ChoiceSetting, SwitchSetting } from './choices.js';
import { DeleteRoom } from './delete-room.js';
import { NameSetting } from './name-setting.js';
import { useRules } from './room-rules.js';
import classes from './settings.module.css';
import { SkipVoteSetting } from './skip-vote-setting.js';
import { TrackLimitSetting } from './track-limit-setting.js';

const permissions = ['playback_control', 'upload', 'vote'] as const;

/** Every setting of the room; each is saved as soon as it is changed. */
export function SettingsForm() {
  const { roomSettings: text } = useTexts();
  const visibility = useRoomState((state) => state.visibility);
  const rules = useRules();
  const { skip_vote_share, max_tracks_per_user, fair_turns, fallback, repeat, level_loudness } = rules;
  return (
    <>
      <Section title={text.room}>
        <NameSetting />
        <ChoiceSetting
          label={text.visibility}
          hint={text.visibilityHint[visibility]}
          value={visibility}
          options={[
            { value: 'public', label: text.public },
            { value: 'private', label: text.private },
          ]}
          update={(value) => ({ visibility: value })}
        />
      </Section>
      <Section title={text.permissions}>
        {permissions.map((permission) => (
          <ChoiceSetting
            key={permission}
            label={text.permission[permission]}
            value={rules[permission]}
            options={[
              { value: 'everyone', label: text.everyone },
              { value: 'administrator', label: text.administrator },
            ]}
            update={(value) => ({ settings: { [permission]: value } })}
          />
        ))}
        <SkipVoteSetting share={skip_vote_share} />
      </Section>
      <Section title={text.playing}>
        <TrackLimitSetting limit={max_tracks_per_user} />
        <SwitchSetting
          label={text.fairTurns}
          hint={text.fairTurnsHint}
          isOn={fair_turns}
          update={(isOn) => ({ settings: { fair_turns: isOn } })}
        />
        <ChoiceSetting
          label={text.fallback}
          hint={text.fallbackHint[fallback]}
          value={fallback}
          options={[
            { value: 'off', label: text.fallbackValue.off },
            { value: 'history', label: text.fallbackValue.history },
          ]}
          update={(value) => ({ settings: { fallback: value } })}
        />
        <ChoiceSetting
          label={text.repeat}
          hint={text.repeatHint[repeat]}
          value={repeat}
          options={[
            { value: 'off', label: text.repeatValue.off },
            { value: 'track', label: text.repeatValue.track },
            { value: 'queue', label: text.repeatValue.queue },
          ]}
          update={(value) => ({ settings: { repeat: value } })}
        />
        <SwitchSetting
          label={text.levelLoudness}
          hint={text.levelLoudnessHint}
          isOn={level_loudness}
          update={(isOn) => ({ settings: { level_loudness: isOn } })}
        />
      </Section>
      <DeleteRoom />
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <Title order={3} className={classes.heading}>
        {title}
      </Title>
      {children}
    </section>
  );
}
