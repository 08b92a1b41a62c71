import { Text } from '@mantine/core';
import { useTexts } from '../i18n/language.js';
import { useRoomState } from '../room/joined-room.js';
import { useRules, votesNeeded } from './room-rules.js';
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
  const rows: (readonly [label: string, value: string] | undefined | false)[] = [
    [text.name, name],
    [text.visibility, text[visibility]],
    [text.administratorIs, administrator?.username ?? text.nobody],
    [text.permission.playback_control, text[rules.playback_control]],
    [text.permission.upload, text[rules.upload]],
    [text.permission.vote, text[rules.vote]],
    share !== undefined && [
      text.skipVote,
      share === null ? text.off : text.skipVotesOf(votesNeeded(share, online), Math.max(1, online)),
    ],
    limit !== undefined && [text.tracksPerPerson, limit === null ? text.noLimit : text.atMost(limit)],
    rules.fair_turns !== undefined && [text.fairTurns, onOff(rules.fair_turns)],
    rules.fallback && [text.fallback, text.fallbackValue[rules.fallback]],
    rules.repeat && [text.repeat, text.repeatValue[rules.repeat]],
    rules.level_loudness !== undefined && [text.levelLoudness, onOff(rules.level_loudness)],
  ];
  return (
    <section className={classes.section}>
      <Text c="dimmed" size="sm">
        {text.rulesHint}
      </Text>
      <dl className={classes.rules}>
        {rows.map(
          (row) =>
            row && (
              <div key={row[0]} className={classes.rule}>
                <dt>{row[0]}</dt>
                <dd dir="auto">{row[1]}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}
