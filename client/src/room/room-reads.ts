import type { DeliveryReport, EventsPage, ListenerList } from '../contract.js';
import type { Api } from '../http/api.js';

/** What reading of a room needs from it. */
export interface ReadTarget {
  readonly id: string;
  readonly api: Api;
  /** Aborted when the room is closed. */
  readonly signal: AbortSignal;
}

/**
 * What a room does not send by itself: reports on its listeners and on the delivery of its events, for panels that are
 * opened now and then. Each is one request. All reject with a `RoomcastError`.
 */
export abstract class RoomReads {
  protected abstract readonly target: ReadTarget;

  /**
   * A page of the users who are online, with what each of their connections has reported and confirmed.
   * @param page `after`: `next` of the previous page; `limit`: at most 200
   */
  listeners(page: { after?: string; limit?: number } = {}): Promise<ListenerList> {
    return this.#get('listeners', page);
  }

  /**
   * A page of the room's log, oldest event first.
   * @param page `after`: a sequence; `limit`: at most 1000
   * @throws {RoomcastError} history_gone
   */
  log(page: { after?: number; limit?: number } = {}): Promise<EventsPage> {
    return this.#get('events', page);
  }

  /** Who has confirmed an event, and who has not. @throws {RoomcastError} event_not_found */
  async deliveryReport(eventId: string): Promise<DeliveryReport> {
    const path = `events/${encodeURIComponent(eventId)}/delivery`;
    return (await this.#get<{ delivery: DeliveryReport }>(path, {})).delivery;
  }

  #get<T>(path: string, query: object): Promise<T> {
    const { api, id, signal } = this.target;
    return api.get(`/rooms/${id}/${path}?${new URLSearchParams({ ...query })}`, signal);
  }
}
