import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { requestToken } from '../../auth/request-token.js';
import { SessionsService } from '../../auth/sessions.service.js';
import { ClientAddresses } from '../../config/client-addresses.js';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import type { RoomEvent } from '../../contract/index.js';
import { Problem, RateLimited } from '../../errors/problem.js';
import { type Broadcast, EventBroadcasterService } from '../../events/event-broadcaster.service.js';
import { Lifecycle } from '../../lifecycle/lifecycle.js';
import { EarlyChecks } from '../../limits/early-checks.js';

export type TransferKind = 'upload' | 'stream' | 'cover';

/**
 * How many transfers may be open at once. Covers come in bursts, from pages that show a whole queue. The limits of an
 * address are settings.
 */
export const maxTransfers: Record<TransferKind, { perUser: number; perServer: number }> = {
  upload: { perUser: 5, perServer: 100 },
  stream: { perUser: 12, perServer: 2000 },
  cover: { perUser: 256, perServer: 2000 },
};
/** A stream or cover without progress for this long is ended if a new transfer would exceed the limit. */
export const idleMs = 5000;
const sampleIntervalMs = 1000;
/** The routes of transfers that a caller may attempt in large numbers. */
const routes: { kind: TransferKind; method: string; path: RegExp }[] = [
  { kind: 'upload', method: 'POST', path: /^\/api\/rooms\/[^/?]+\/tracks\/?(\?|$)/i },
  { kind: 'stream', method: 'GET', path: /^\/api\/tracks\/[^/?]+\/stream\/?(\?|$)/i },
];

export interface TransferOwner {
  userId: string;
  sessionId: string;
  roomId: string;
}

interface Transfer {
  kind: TransferKind;
  owner: TransferOwner;
  /** The key of the client's address. */
  address: string;
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
export class OpenTransfers implements OnModuleInit {
  readonly #transfers = new Set<Transfer>();

  constructor(
    private readonly sessions: SessionsService,
    private readonly broadcaster: EventBroadcasterService,
    private readonly addresses: ClientAddresses,
    @Inject(SETTINGS) private readonly settings: Settings,
    earlyChecks: EarlyChecks,
    lifecycle: Lifecycle,
  ) {
    earlyChecks.register((request) => this.#problemOf(request));
    lifecycle.repeat('the check of transfers', sampleIntervalMs, () => this.sample(performance.now()));
  }

  onModuleInit(): void {
    this.sessions.ended.subscribe((sessionId) => this.#endSession(sessionId));
    this.broadcaster.events$.subscribe((broadcast) => this.#endLostAccess(broadcast));
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
    const { socket } = response.req;
    const address = this.addresses.key(response.req);
    this.#requireCapacity(kind, owner.userId, address);
    const ended = new AbortController();
    const transfer = {
      kind,
      owner,
      address,
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

  /** Why a request for a transfer is refused before it is authenticated; undefined if it may go on. */
  #problemOf(request: IncomingMessage): Problem | undefined {
    const route = routes.find(
      ({ method, path }) => request.method === method && path.test(request.url ?? ''),
    );
    if (!route) return undefined;
    const userId = this.sessions.userIdBySignature(requestToken(request));
    if (userId === undefined) return undefined;
    return this.#excess(route.kind, userId, this.addresses.key(request))?.problem;
  }

  #requireCapacity(kind: TransferKind, userId: string, address: string): void {
    for (;;) {
      const excess = this.#excess(kind, userId, address);
      if (!excess) return;
      if (excess.problem) throw excess.problem;
      const reason = new Problem('rate_limited', 'Ended because it was idle and a newer transfer began.');
      this.#end(excess.idle, reason);
    }
  }

  /**
   * Which limit another transfer would exceed: what would have to end for it, or the problem if nothing is idle.
   * @returns undefined if there is capacity
   */
  #excess(kind: TransferKind, userId: string, address: string): Excess | undefined {
    const { perUser, perServer } = maxTransfers[kind];
    const open = [...this.#transfers].filter((transfer) => transfer.kind === kind);
    if (this.settings.rateLimit) {
      const ofUser = open.filter(({ owner }) => owner.userId === userId);
      if (ofUser.length >= perUser) return excess(ofUser, () => tooMany(perUser, 'at the same time'));
      const perAddress =
        kind === 'upload' ? this.settings.maxAddressUploads : this.settings.maxAddressStreams;
      const ofAddress = open.filter((transfer) => transfer.address === address);
      if (ofAddress.length >= perAddress) {
        return excess(ofAddress, () => tooMany(perAddress, 'from one address at the same time'));
      }
    }
    if (open.length < perServer) return undefined;
    return excess(
      open,
      () => new Problem('unavailable', 'The server has too many open transfers; try again in a moment.'),
    );
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

const tooMany = (max: number, where: string): RateLimited =>
  new RateLimited(`At most ${max} of these ${where}; wait until one has ended.`, 5000);

type Excess = { idle: Transfer; problem?: never } | { problem: Problem };

/** The stream or cover that has been idle longest, or the problem if none is idle. */
function excess(transfers: Transfer[], problem: () => Problem): Excess {
  const now = performance.now();
  const [idle] = transfers
    .filter(({ kind, progressAt }) => kind !== 'upload' && now - progressAt >= idleMs)
    .sort((a, b) => a.progressAt - b.progressAt);
  return idle ? { idle } : { problem: problem() };
}

/** Bytes that the kernel has accepted: `bytesWritten` includes what still waits in the socket's own buffer. */
const sentBytes = (socket: Socket): number => socket.bytesWritten - socket.writableLength;
