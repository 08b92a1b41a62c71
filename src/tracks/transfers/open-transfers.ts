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

/** How many may be open at once. Covers come in bursts, of pages that show a whole queue. */
export const maxTransfers: Record<TransferKind, { perUser: number; perServer: number }> = {
  upload: { perUser: 5, perServer: 100 },
  stream: { perUser: 12, perServer: 2000 },
  cover: { perUser: 256, perServer: 2000 },
};
/** A stream or cover that has not moved for this long is ended where a new one needs its place. */
export const idleMs = 5000;
const sampleMs = 1000;

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
  bytes: number;
  movedAt: number;
}

/**
 * The uploads, streams and covers that are in progress. Each belongs to a session, a user and a room, and its
 * connection is destroyed when one of these goes: logout, leaving, kick, ban, deletion of the room.
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
    this.broadcaster.events$.subscribe((broadcast) => this.#follow(broadcast));
    this.#timer = setInterval(() => this.sample(performance.now()), sampleMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }

  get size(): number {
    return this.#transfers.size;
  }

  /**
   * Registers a transfer until its response closes.
   * @returns aborted where the transfer has to end, with the `Problem` as its reason
   * @throws {Problem} rate_limited, unavailable
   */
  begin(kind: TransferKind, owner: TransferOwner, response: ServerResponse): AbortSignal {
    this.#requirePlace(kind, owner.userId);
    const { socket } = response.req;
    const ended = new AbortController();
    const transfer = { kind, owner, socket, ended, bytes: takenBy(socket), movedAt: performance.now() };
    this.#transfers.add(transfer);
    response.once('close', () => this.#transfers.delete(transfer));
    return ended.signal;
  }

  /** Notes which transfers have moved. @param now in milliseconds, of the monotonic clock */
  sample(now: number): void {
    for (const transfer of this.#transfers) {
      const bytes = takenBy(transfer.socket);
      if (bytes === transfer.bytes) continue;
      transfer.bytes = bytes;
      transfer.movedAt = now;
    }
  }

  #requirePlace(kind: TransferKind, userId: string): void {
    const { perUser, perServer } = maxTransfers[kind];
    const open = [...this.#transfers].filter((transfer) => transfer.kind === kind);
    const own = open.filter(({ owner }) => owner.userId === userId);
    if (this.settings.rateLimit && own.length >= perUser && !this.#endIdlest(own)) {
      throw new RateLimited(`At most ${perUser} of these at once; wait until one has ended.`, 5000);
    }
    if (open.length >= perServer && !this.#endIdlest(open)) {
      throw new Problem('unavailable', 'Too many transfers at once; try again in a moment.');
    }
  }

  /** @returns whether there was one to end */
  #endIdlest(transfers: Transfer[]): boolean {
    const now = performance.now();
    const [idlest] = transfers
      .filter(({ kind, movedAt }) => kind !== 'upload' && now - movedAt >= idleMs)
      .sort((a, b) => a.movedAt - b.movedAt);
    if (!idlest) return false;
    this.#end(idlest, new Problem('rate_limited', 'Ended for a newer one.'));
    return true;
  }

  #endSession(sessionId: string): void {
    const reason = new Problem('session_ended', 'The token was revoked or has expired: sign in again.');
    this.#endAll((owner) => owner.sessionId === sessionId, reason);
  }

  #follow({ to, event }: Broadcast): void {
    if (to !== 'room') return;
    const roomId = event.data.room_id;
    if (event.type === 'room_deleted') {
      this.#endAll(
        (owner) => owner.roomId === roomId,
        new Problem('room_not_found', 'The room was deleted.'),
      );
    } else if (event.type === 'user_left') {
      const { user } = (event as RoomEvent<'user_left'>).data;
      const reason = new Problem('not_a_participant', 'No longer a participant of the room.');
      this.#endAll((owner) => owner.roomId === roomId && owner.userId === user.id, reason);
    }
  }

  #endAll(concerns: (owner: TransferOwner) => boolean, reason: Problem): void {
    for (const transfer of this.#transfers) if (concerns(transfer.owner)) this.#end(transfer, reason);
  }

  #end(transfer: Transfer, reason: Problem): void {
    this.#transfers.delete(transfer);
    transfer.ended.abort(reason);
    transfer.socket.destroy();
  }
}

/** Bytes written to a connection that were accepted by the kernel. */
const takenBy = (socket: Socket): number => socket.bytesWritten - socket.writableLength;
