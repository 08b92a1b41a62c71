import type { RoomUpdate } from '@roomcast/client';
import { useCallback, useRef, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { describeError } from '../parts/describe-error.js';
import { useJoinedRoom } from '../room/joined-room.js';

export interface Saving {
  /** Whether the last change has been confirmed. */
  readonly isSaved: boolean;
  /** Why the last change was refused. */
  readonly error: string | undefined;
  /** @returns whether it was saved */
  readonly save: (update: RoomUpdate) => Promise<boolean>;
}

/** Saves changes of one field at once. The room shows them before the server has confirmed them, and takes back refused ones. */
export function useSave(): Saving {
  const { room } = useJoinedRoom();
  const texts = useTexts();
  const last = useRef(0);
  const [outcome, setOutcome] = useState<{ isSaved: boolean; error?: string }>({ isSaved: false });
  const save = useCallback<Saving['save']>(
    async (update) => {
      last.current += 1;
      const number = last.current;
      setOutcome({ isSaved: false });
      let error: string | undefined;
      try {
        await room.updateRoom(update);
      } catch (caught) {
        error = describeError(caught, texts);
      }
      const isSaved = error === undefined;
      if (number === last.current) setOutcome({ isSaved, ...(error !== undefined && { error }) });
      return isSaved;
    },
    [room, texts],
  );
  return { isSaved: outcome.isSaved, error: outcome.error, save };
}
