import type { Envelope } from '../contract/index.js';
import type { EventRow } from '../database/schema.js';
import { fromRow, metadataOf, seal } from './envelope.js';

/**
 * An event of the log whose data is still the JSON that the database holds. A page of the log has hundreds: as JSON they
 * are joined, not parsed and encoded again.
 */
export class StoredEvent {
  constructor(private readonly row: EventRow) {}

  get sequence(): number {
    return this.row.sequence;
  }

  /** @param serverTime when this copy is sent, in Unix seconds */
  envelope(serverTime: number): Envelope {
    return seal(fromRow(this.row), serverTime);
  }

  /** The JSON of `envelope`. */
  json(serverTime: number): string {
    const { event_id, type, data } = this.row;
    // The data is an object with at least `room_id` and `timestamp`, so the last brace follows a member.
    const sealed = `${data.slice(0, data.lastIndexOf('}'))},"server_time":${serverTime}}`;
    const metadata = JSON.stringify(metadataOf(this.row));
    return `{"event_id":"${event_id}","type":"${type}","data":${sealed},"metadata":${metadata}}`;
  }
}
