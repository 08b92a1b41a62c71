import { Injectable } from '@nestjs/common';
import { ListenerReports } from '../rooms/presence/listener-reports.js';

/** Reaches listeners with a fast connection, and is too short to be felt as a delay. */
export const minLeadSeconds = 0.25;
export const maxLeadSeconds = 3;

/**
 * One and a half round trips, for an event that is delayed on the way, and 0.2 s for the player.
 * @param roundTrip seconds; 0 if unknown
 * @returns seconds
 */
export const leadFor = (roundTrip: number): number =>
  Math.min(Math.max(minLeadSeconds, 1.5 * roundTrip + 0.2), maxLeadSeconds);

/**
 * How far ahead changes of playback take effect, so that the event has reached nearly every listener before. From the
 * round trips that the listeners on this node report.
 */
@Injectable()
export class Lead {
  constructor(private readonly reports: ListenerReports) {}

  /** The room's lead in seconds. */
  of(roomId: string): number {
    return leadFor(this.reports.roundTripOfMost(roomId));
  }
}
