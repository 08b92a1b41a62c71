import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import type { Invite } from '@roomcast/client';
import { type FormEvent, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { FormError } from '../parts/form-error.js';
import { useJoinedRoom } from '../room/joined-room.js';

const hourSeconds = 3600;
const validities = {
  hour: hourSeconds,
  day: 24 * hourSeconds,
  week: 7 * 24 * hourSeconds,
  month: 30 * 24 * hourSeconds,
};
type Validity = keyof typeof validities;
const usesOffered = ['1', '5', '20'];

/** The form for an invite: for how long, and for how many. */
export function NewInvite({
  onCreated,
  onCancel,
}: {
  onCreated: (invite: Invite) => void;
  onCancel: (() => void) | undefined;
}) {
  const texts = useTexts();
  const { common, sharing } = texts;
  const { room } = useJoinedRoom();
  const [validity, setValidity] = useState<Validity>('week');
  const [uses, setUses] = useState('any');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function create(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const most = uses === 'any' ? {} : { max_uses: Number(uses) };
      onCreated(await room.createInvite({ expires_in: validities[validity], ...most }));
    } catch (caught) {
      setError(describeError(caught, texts));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void create(event)}>
      <Stack gap="sm">
        <Choice
          label={sharing.validFor}
          value={validity}
          onChange={(value) => setValidity(value as Validity)}
          options={(Object.keys(validities) as Validity[]).map((value) => ({ value, label: sharing[value] }))}
        />
        <Choice
          label={sharing.uses}
          value={uses}
          onChange={setUses}
          options={[
            ...usesOffered.map((value) => ({ value, label: value })),
            { value: 'any', label: sharing.unlimited },
          ]}
        />
        <FormError text={error} />
        <Group grow>
          {onCancel && (
            <Button variant="default" h={44} onClick={onCancel}>
              {common.cancel}
            </Button>
          )}
          <Button type="submit" h={44} loading={busy}>
            {sharing.create}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: { value: string; label: string }[];
  onChange: (value: string) => void;
}) {
  return (
    <div>
      <Text size="sm" fw={500} mb={4} aria-hidden>
        {label}
      </Text>
      <SegmentedControl fullWidth aria-label={label} value={value} onChange={onChange} data={options} />
    </div>
  );
}
