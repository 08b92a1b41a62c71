import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { SessionsService } from '../../auth/sessions.service.js';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import type { RoomEvent } from '../../contract/index.js';
import { Problem, RateLimited } from '../../errors/problem.js';
import { type Broadcast, EventBroadcasterService } from '../../events/event-broadcaster.service.js';

export type TransferKind = 'upload' | 'stream' | 'cover';

/** How many transfers may be open at once. Covers come in bursts, from pages that show a whole queue. */
export const maxTransfers: Record<TransferKind, { perUser: number; perServer: number }> = {
  upload: { perUser: 5, perServer: 100 },
  stream: { perUser: 12, perServer: 2000 },
  cover: { perUser: 256, perServer: 2000 },
};
/** A stream or cover without progress for this long is ended if a new transfer would exceed the limit. */
export const idleMs = 5000;
const sampleIntervalMs = 1000;

export interface TransferOwner {
  userId: string;
  sessionId: string;
  roomId: string;
}

interface Transfer {
  kind: TransferKind;
  owner: TransferOwner;
  socket: Socket;
  ended: AbortController;
  /** Bytes sent so far, and when that number last changed, in milliseconds of the monotonic clock. */
  sentBytes: number;
  progressAt: number;
}

/**
 * The uploads, streams and covers in progress. One instance, owned by the tracks module; the upload interceptor and
 * the controller register each transfer. A transfer belongs to a session, a user and a room. Its TCP connection is
 * destroyed when the owner loses access: logout, leaving, kick, ban, or deletion of the room.
 */
@Injectable()
export class OpenTransfers implements OnModuleInit, OnModuleDestroy {
  readonly #transfers = new Set<Transfer>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sessions: SessionsService,
    private readonly broadcaster: EventBroadcasterService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.sessions.ended.subscribe((sessionId) => this.#endSession(sessionId));
    this.broadcaster.events$.subscribe((broadcast) => this.#endLostAccess(broadcast));
    this.#timer = setInterval(() => this.sample(performance.now()), sampleIntervalMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }

  get size(): number {
    return this.#transfers.size;
  }

  /**
   * Registers a transfer until its response closes.
   * @returns a signal that is aborted when the owner loses access; the reason is a `Problem`
   * @throws {Problem} rate_limited, unavailable
   */
  begin(kind: TransferKind, owner: TransferOwner, response: ServerResponse): AbortSignal {
    this.#requireCapacity(kind, owner.userId);
    const { socket } = response.req;
    const ended = new AbortController();
    const transfer = {
      kind,
      owner,
      socket,
      ended,
      sentBytes: sentBytes(socket),
      progressAt: performance.now(),
    };
    this.#transfers.add(transfer);
    response.once('close', () => this.#transfers.delete(transfer));
    return ended.signal;
  }

  /** Records which transfers have made progress. @param now milliseconds of the monotonic clock */
  sample(now: number): void {
    for (const transfer of this.#transfers) {
      const bytes = sentBytes(transfer.socket);
      if (bytes === transfer.sentBytes) continue;
      transfer.sentBytes = bytes;
      transfer.progressAt = now;
    }
  }

  #requireCapacity(kind: TransferKind, userId: string): void {
    const { perUser, perServer } = maxTransfers[kind];
    const open = [...this.#transfers].filter((transfer) => transfer.kind === kind);
    const own = open.filter(({ owner }) => owner.userId === userId);
    if (this.settings.rateLimit && own.length >= perUser && !this.#endIdlest(own)) {
      throw new RateLimited(`At most ${perUser} of these at the same time; wait until one has ended.`, 5000);
    }
    if (open.length >= perServer && !this.#endIdlest(open)) {
      throw new Problem('unavailable', 'The server has too many open transfers; try again in a moment.');
    }
  }

  /** Ends the stream or cover that has been idle longest. @returns false if none is idle */
  #endIdlest(transfers: Transfer[]): boolean {
    const now = performance.now();
    const [idlest] = transfers
      .filter(({ kind, progressAt }) => kind !== 'upload' && now - progressAt >= idleMs)
      .sort((a, b) => a.progressAt - b.progressAt);
    if (!idlest) return false;
    this.#end(idlest, new Problem('rate_limited', 'Ended because it was idle and a newer transfer began.'));
    return true;
  }

  #endSession(sessionId: string): void {
    const reason = new Problem('session_ended', 'The token was revoked or has expired: sign in again.');
    this.#endAll((owner) => owner.sessionId === sessionId, reason);
  }

  #endLostAccess({ to, event }: Broadcast): void {
    if (to !== 'room') return;
    const roomId = event.data.room_id;
    if (event.type === 'room_deleted') {
      this.#endAll(
        (owner) => owner.roomId === roomId,
        new Problem('room_not_found', 'The room was deleted.'),
      );
    } else if (event.type === 'user_left') {
      const { user } = (event as RoomEvent<'user_left'>).data;
      const reason = new Problem('not_a_participant', 'The user is no longer a participant of the room.');
      this.#endAll((owner) => owner.roomId === roomId && owner.userId === user.id, reason);
    }
  }

  #endAll(matches: (owner: TransferOwner) => boolean, reason: Problem): void {
    for (const transfer of this.#transfers) if (matches(transfer.owner)) this.#end(transfer, reason);
  }

  #end(transfer: Transfer, reason: Problem): void {
    this.#transfers.delete(transfer);
    transfer.ended.abort(reason);
    transfer.socket.destroy();
  }
}

/** Bytes that the kernel has accepted: `bytesWritten` includes what still waits in the socket's own buffer. */
const sentBytes = (socket: Socket): number => socket.bytesWritten - socket.writableLength;
