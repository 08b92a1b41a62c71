import type { Room } from '@roomcast/client';
import { useEffect, useState } from 'react';

/** An event of the room's log. */
export interface LoggedEvent {
  readonly id: string;
  readonly type: string;
  readonly sequence: number;
  /** When it happened: Unix time in seconds. */
  readonly time: number;
  readonly isConfirmed: boolean;
}

export const shownEvents = 50;

interface Envelope {
  readonly event_id: string;
  readonly type: string;
  readonly data: { readonly timestamp: number };
  readonly metadata: { readonly sequence?: number; readonly requires_confirmation: boolean };
}

function logged({ event_id, type, data, metadata }: Envelope): LoggedEvent | undefined {
  const { sequence, requires_confirmation: isConfirmed } = metadata;
  return sequence === undefined
    ? undefined
    : { id: event_id, type, sequence, time: data.timestamp, isConfirmed };
}

/** Newest first, each once, at most `shownEvents`. */
function merged(known: readonly LoggedEvent[], added: readonly (LoggedEvent | undefined)[]): LoggedEvent[] {
  const bySequence = new Map(known.map((event) => [event.sequence, event]));
  for (const event of added) if (event) bySequence.set(event.sequence, event);
  return [...bySequence.values()].sort((one, other) => other.sequence - one.sequence).slice(0, shownEvents);
}

/** The last events of the room's log, newest first: read once, then kept up to date by the events that arrive. */
export function useLog(room: Room): {
  events: readonly LoggedEvent[] | undefined;
  error: unknown;
  retry: () => void;
} {
  const [attempt, setAttempt] = useState(0);
  const [log, setLog] = useState<{ events?: readonly LoggedEvent[]; error?: unknown }>({});
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const add = (envelopes: readonly Envelope[]) => {
      if (!signal.aborted) setLog((last) => ({ events: merged(last.events ?? [], envelopes.map(logged)) }));
    };
    const read = async () => {
      const { events } = await room.log({
        after: Math.max(0, room.sequence - shownEvents),
        limit: shownEvents,
      });
      add(events);
    };
    const fail = (error: unknown) => {
      if (!signal.aborted) setLog((last) => ({ ...last, error }));
    };
    const follow = async () => {
      for await (const item of room.events({ signal })) {
        if (item.type !== 'reset') add([item]);
        else {
          setLog({});
          await read().catch(fail);
        }
      }
    };
    void follow();
    read().catch(fail);
    return () => ending.abort();
  }, [room, attempt]);
  return { events: log.events, error: log.error, retry: () => setAttempt((last) => last + 1) };
}
