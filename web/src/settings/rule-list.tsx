import { Text } from '@mantine/core';
import { skipVotesNeeded } from '@roomcast/client';
import { useTexts } from '../i18n/language.js';
import { useRoomState } from '../room/joined-room.js';
import { useRules } from './room-rules.js';
import classes from './settings.module.css';

/** The settings to read, for those who may not change them. */
export function RuleList() {
  const { roomSettings: text } = useTexts();
  const rules = useRules();
  const name = useRoomState((state) => state.name);
  const visibility = useRoomState((state) => state.visibility);
  const administrator = useRoomState((state) => state.administrator);
  const online = useRoomState((state) => state.online_count);
  const { skip_vote_share: share, max_tracks_per_user: limit } = rules;
  const onOff = (isOn: boolean) => (isOn ? text.on : text.off);
  const rows = [
    [text.name, name],
    [text.visibility, text[visibility]],
    [text.administratorIs, administrator?.username ?? text.nobody],
    [text.permission.playback_control, text[rules.playback_control]],
    [text.permission.upload, text[rules.upload]],
    [text.permission.vote, text[rules.vote]],
    [
      text.skipVote,
      share === null ? text.off : text.skipVotesOf(skipVotesNeeded(share, online), Math.max(1, online)),
    ],
    [text.tracksPerPerson, limit === null ? text.noLimit : text.atMost(limit)],
    [text.fairTurns, onOff(rules.fair_turns)],
    [text.fallback, text.fallbackValue[rules.fallback]],
    [text.repeat, text.repeatValue[rules.repeat]],
    [text.levelLoudness, onOff(rules.level_loudness)],
  ] as const;
  return (
    <section className={classes.section}>
      <Text c="dimmed" size="sm">
        {text.rulesHint}
      </Text>
      <dl className={classes.rules}>
        {rows.map(([label, value]) => (
          <div key={label} className={classes.rule}>
            <dt>{label}</dt>
            <dd dir="auto">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
