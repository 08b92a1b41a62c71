import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import type { RoomReaction, User } from '../contract/index.js';
import { RateLimited } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';

/** Reactions of one connection in a second. */
export const maxPerConnection = 5;
/** Reactions that everyone in a room is sent in a second, from this node; the others are dropped. */
export const maxPerRoom = 50;
/** The window of both. */
const windowMs = 1000;

/**
 * Sends reactions to the rooms' connections: unlogged, and without a transaction. One instance, owned by the gateway. Every
 * listener may send them, and each goes to everyone, so their number is limited by connection and by room.
 */
@Injectable()
export class Reactions {
  /** By connection (object) or room (id): the number in the window that ends at `endsAt`. */
  readonly #connections = new WeakMap<object, Window>();
  readonly #rooms = new Map<string, Window>();

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @param connection the same object for each reaction of a connection @throws {Problem} rate_limited */
  send(connection: object, roomId: string, user: User, reaction: RoomReaction): void {
    const now = performance.now();
    const ofConnection = current(this.#connections.get(connection), now);
    this.#connections.set(connection, ofConnection);
    if (this.settings.rateLimit && ofConnection.count >= maxPerConnection) {
      throw new RateLimited(
        `At most ${maxPerConnection} reactions a second.`,
        Math.max(1, ofConnection.endsAt - now),
      );
    }
    ofConnection.count += 1;
    const ofRoom = current(this.#rooms.get(roomId), now);
    if (this.settings.rateLimit && ofRoom.count >= maxPerRoom) return;
    ofRoom.count += 1;
    this.#keep(roomId, ofRoom, now);
    this.broadcaster.notify(roomId, 'reaction_sent', { user, reaction });
  }

  /** Ordered by the end of the windows; those that have ended are removed. */
  #keep(roomId: string, window: Window, now: number): void {
    if (this.#rooms.get(roomId) !== window) this.#rooms.delete(roomId);
    this.#rooms.set(roomId, window);
    for (const [id, { endsAt }] of this.#rooms) {
      if (endsAt > now) return;
      this.#rooms.delete(id);
    }
  }
}

interface Window {
  count: number;
  /** A value of `performance.now()`. */
  endsAt: number;
}

const current = (window: Window | undefined, now: number): Window =>
  window && now < window.endsAt ? window : { count: 0, endsAt: now + windowMs };
