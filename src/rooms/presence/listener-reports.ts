import { Injectable } from '@nestjs/common';
import { Clock } from '../../config/clock.js';
import type { SyncReport } from '../../contract/index.js';

/** An older report counts neither for `listening_count` nor for the round trip of the room. */
const reportValidSeconds = 60;
/** The share of listeners whose round trip is at most `roundTripOfMost`. */
const mostListeners = 0.95;

interface StoredReport extends SyncReport {
  userId: string;
  /** Unix seconds. */
  reported_at: number;
}

/**
 * The last `sync_report` of each connection to a room on this node. In memory only: reports are neither logged nor
 * broadcast. Invariant: a connection has one report at most, and none after it has closed.
 */
@Injectable()
export class ListenerReports {
  /** By room and connection. */
  readonly #rooms = new Map<string, Map<string, StoredReport>>();

  constructor(private readonly clock: Clock) {}

  /** @returns whether the connection counts as listening now and did not before, or the reverse */
  set(roomId: string, userId: string, connectionId: string, report: SyncReport): boolean {
    const reported_at = this.clock.now();
    const stored: StoredReport = { ...report, userId, reported_at };
    const room = this.#rooms.get(roomId) ?? new Map<string, StoredReport>();
    this.#rooms.set(roomId, room);
    const before = room.get(connectionId);
    room.set(connectionId, stored);
    const isNow = isListening(stored, reported_at);
    return isNow !== (before !== undefined && isListening(before, reported_at));
  }

  get(roomId: string, connectionId: string): Readonly<StoredReport> | undefined {
    return this.#rooms.get(roomId)?.get(connectionId);
  }

  /** @returns whether there was a report of this connection */
  remove(roomId: string, connectionId: string): boolean {
    const room = this.#rooms.get(roomId);
    if (!room?.delete(connectionId)) return false;
    if (room.size === 0) this.#rooms.delete(roomId);
    return true;
  }

  /** The number of users who hear the music on at least one connection. */
  listeningCount(roomId: string): number {
    const now = this.clock.now();
    const users = new Set<string>();
    for (const report of this.#of(roomId)) if (isListening(report, now)) users.add(report.userId);
    return users.size;
  }

  /**
   * The 95th percentile of the listeners' round trips in seconds (nearest rank), 0 if none is known. A user counts once,
   * with the slowest connection, so that many connections of one user do not decide for the others.
   */
  roundTripOfMost(roomId: string): number {
    const now = this.clock.now();
    const byUser = new Map<string, number>();
    for (const report of this.#of(roomId)) {
      if (!isValid(report, now)) continue;
      byUser.set(report.userId, Math.max(report.round_trip, byUser.get(report.userId) ?? 0));
    }
    const sorted = Float64Array.from(byUser.values()).sort();
    return sorted[Math.ceil(mostListeners * sorted.length) - 1] ?? 0;
  }

  #of(roomId: string): Iterable<StoredReport> {
    return this.#rooms.get(roomId)?.values() ?? [];
  }
}

const isValid = ({ reported_at }: StoredReport, now: number): boolean =>
  now - reported_at <= reportValidSeconds;

/** A client that does not report its status, as those of version 1, counts as listening. */
const isListening = (report: StoredReport, now: number): boolean =>
  isValid(report, now) && report.status !== 'blocked' && report.status !== 'silent' && report.muted !== true;
