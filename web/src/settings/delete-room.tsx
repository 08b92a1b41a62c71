import { Button, Group, Text, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { isolate } from '../parts/isolate.js';
import { useJoinedRoom, useRoomState } from '../room/joined-room.js';
import classes from './settings.module.css';

/** Deletes the room, once its name has been typed. */
export function DeleteRoom() {
  const texts = useTexts();
  const { common, roomSettings: text } = texts;
  const { room } = useJoinedRoom();
  const [, navigate] = useLocation();
  const name = useRoomState((state) => state.name);
  const [typed, setTyped] = useState<string>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const [isCancelled, setCancelled] = useState(false);

  const cancel = () => {
    setTyped(undefined);
    setError(undefined);
    setCancelled(true);
  };

  async function remove(event: FormEvent) {
    event.preventDefault();
    if (typed?.trim() !== name.trim()) return;
    setBusy(true);
    setError(undefined);
    try {
      await room.deleteRoom();
      navigate('/');
    } catch (caught) {
      setError(describeError(caught, texts));
      setBusy(false);
    }
  }

  return (
    <section className={classes.section}>
      <Title order={3} className={classes.heading}>
        {text.danger}
      </Title>
      {typed === undefined ? (
        <Button
          h={44}
          variant="outline"
          color="red"
          className={classes.danger}
          // The focus was on what it replaces.
          autoFocus={isCancelled}
          onClick={() => setTyped('')}
        >
          {text.deleteRoom}
        </Button>
      ) : (
        <form className={classes.setting} onSubmit={(event) => void remove(event)}>
          <Text size="sm">{text.deleteText}</Text>
          <TextInput
            size="md"
            label={text.typeName(isolate(name))}
            dir="auto"
            autoComplete="off"
            data-autofocus
            autoFocus
            value={typed}
            onChange={({ currentTarget }) => setTyped(currentTarget.value)}
          />
          {error !== undefined && (
            <Text role="alert" size="sm" className={classes.error}>
              {error}
            </Text>
          )}
          <Group justify="flex-end">
            <Button h={44} variant="default" onClick={cancel}>
              {common.cancel}
            </Button>
            <Button h={44} type="submit" color="red" loading={isBusy} disabled={typed.trim() !== name.trim()}>
              {text.deleteForGood}
            </Button>
          </Group>
        </form>
      )}
    </section>
  );
}
