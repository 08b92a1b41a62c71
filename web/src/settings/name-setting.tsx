import { TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { useRoomState } from '../room/joined-room.js';
import { maxNameLength } from './room-rules.js';
import { Setting } from './setting.js';
import { useSave } from './use-save.js';

/** The name of the room. Saves when the field is left, or with Enter. */
export function NameSetting() {
  const { roomSettings: text } = useTexts();
  const name = useRoomState((state) => state.name);
  /** What was typed and is not saved yet. */
  const [draft, setDraft] = useState<string>();
  const [isMissing, setMissing] = useState(false);
  const saving = useSave();

  async function save() {
    const typed = draft?.trim();
    setMissing(typed === '');
    if (typed === '') return;
    if (typed === undefined || typed === name || (await saving.save({ name: typed }))) setDraft(undefined);
  }

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save();
  };
  const error = isMissing ? text.nameMissing : saving.error;
  return (
    <form onSubmit={submit}>
      <Setting label={text.name} saving={{ isSaved: saving.isSaved, error }}>
        {(labelId) => (
          <TextInput
            size="md"
            aria-labelledby={labelId}
            aria-invalid={error !== undefined}
            dir="auto"
            value={draft ?? name}
            maxLength={maxNameLength}
            onChange={({ currentTarget }) => setDraft(currentTarget.value)}
            onBlur={() => void save()}
          />
        )}
      </Setting>
    </form>
  );
}
