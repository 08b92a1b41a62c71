import type { Envelope, Room, RoomcastEvent } from '@roomcast/client';
import { ValueStore } from '../../stores/value-store.js';

/** An event of the room, as far as the list of activity needs it. */
export interface Activity {
  readonly id: string;
  readonly type: string;
  /** Unix time in seconds. */
  readonly at: number;
  readonly data: Envelope['data'];
}

const maxEntries = 100;
/** They come often, and say nothing about who did what. */
const silentTypes = new Set<string>([
  'listeners_updated',
  'connection_established',
  'error',
  'room_created',
  'reaction_sent',
]);

/** The last events of the room, newest first. The room's log has those from before the page was opened. */
export class ActivityLog extends ValueStore<readonly Activity[]> {
  constructor(private readonly room: Room) {
    super([]);
  }

  /** Follows the room. @returns what ends it */
  start(): () => void {
    const abort = new AbortController();
    const { sequence } = this.room;
    void this.#follow(abort.signal);
    // Without the earlier events the list begins now.
    void this.#loadEarlier(sequence).catch(() => undefined);
    return () => abort.abort();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const event of this.room.events({ signal })) {
      if (event.type !== 'reset') this.#add([activityOf(event)]);
    }
  }

  async #loadEarlier(sequence: number): Promise<void> {
    const after = Math.max(0, sequence - maxEntries);
    const { events } = await this.room.log({ after, limit: maxEntries });
    this.#add(events.map(activityOf));
  }

  #add(added: readonly Activity[]): void {
    const known = new Set(this.current.map(({ id }) => id));
    const fresh = added.filter(({ id, type }) => !silentTypes.has(type) && !known.has(id));
    if (fresh.length === 0) return;
    const all = [...this.current, ...fresh].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    this.set(all.slice(0, maxEntries));
  }
}

const activityOf = ({ event_id: id, type, data }: RoomcastEvent | Envelope): Activity => ({
  id,
  type,
  at: data.timestamp,
  data,
});
