import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { userColumns, userView } from '../auth/users.js';
import { Clock } from '../config/clock.js';
import { NodeId } from './node-id.js';
import { Database } from '../database/database.js';
import { asProblem } from '../errors/as-problem.js';
import { GuardedBus } from '../events/bus/guarded-bus.js';
import { presenceGraceMs, PresenceService } from '../rooms/presence/presence.service.js';

/** Every second heartbeat also removes dead nodes. */
const heartbeatEveryMs = 5000;
/** A node without a heartbeat for this long is dead. */
const deadAfterSeconds = 20;
/** Connections of dead nodes that are removed concurrently. */
const maxConcurrentRemovals = 500;

/**
 * Registers this node in the table `nodes`, renews its row with a heartbeat, and removes dead nodes and their
 * connections. Without a shared bus there is one node and no heartbeat: all other rows are from earlier processes.
 */
@Injectable()
export class NodesService
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  #timer: NodeJS.Timeout | undefined;
  #heartbeats = 0;
  #running: Promise<void> | undefined;

  constructor(
    private readonly node: NodeId,
    private readonly bus: GuardedBus,
    private readonly presence: PresenceService,
    private readonly database: Database,
    private readonly clock: Clock,
    @InjectPinoLogger(NodesService.name) private readonly log: PinoLogger,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.#register();
  }

  onApplicationBootstrap(): void {
    if (this.bus.shared) {
      this.#timer = setInterval(() => this.#run(() => this.#heartbeat()), heartbeatEveryMs);
      return;
    }
    // Users of an earlier process have the grace period to reconnect to this one.
    this.#timer = setTimeout(() => this.#run(() => this.#removeDeadNodes()), presenceGraceMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Ages this node's heartbeat so that other nodes remove its connections after the grace period, not after 20 s. */
  async beforeApplicationShutdown(): Promise<void> {
    if (!this.bus.shared) return;
    const seen_at = this.clock.now() - deadAfterSeconds + presenceGraceMs / 1000;
    try {
      await this.database.db
        .updateTable('nodes')
        .set({ seen_at })
        .where('id', '=', this.node.value)
        .execute();
    } catch (err) {
      this.log.warn({ err }, 'the shutdown of this node could not be written');
    }
  }

  #run(work: () => Promise<void>): void {
    this.#running ??= work()
      .catch((err: unknown) =>
        this.log.warn({ err }, 'the table of nodes could not be updated; trying again'),
      )
      .finally(() => (this.#running = undefined));
  }

  async #heartbeat(): Promise<void> {
    const { numUpdatedRows } = await this.database.db
      .updateTable('nodes')
      .set({ seen_at: this.clock.now() })
      .where('id', '=', this.node.value)
      .executeTakeFirst();
    // Another node took this one for dead and removed its row and its connections.
    if (numUpdatedRows === 0n) {
      await this.#register();
      this.presence.evict();
    }
    this.#heartbeats += 1;
    if (this.#heartbeats % 2 === 0) await this.#removeDeadNodes();
  }

  async #register(): Promise<void> {
    const row = { id: this.node.value, seen_at: this.clock.now() };
    await this.database.db.insertInto('nodes').values(row).execute();
  }

  /** Without a shared bus all other rows are from earlier processes, so they are removed whatever their age. */
  async #removeDeadNodes(): Promise<void> {
    const { db } = this.database;
    let deleteDead = db.deleteFrom('nodes').where('id', '!=', this.node.value);
    if (this.bus.shared) {
      deleteDead = deleteDead.where('seen_at', '<', this.clock.now() - deadAfterSeconds);
    }
    await deleteDead.execute();
    const orphaned = await db
      .selectFrom('connections')
      .innerJoin('users', 'users.id', 'connections.user_id')
      .select(['connections.id as connection_id', 'connections.room_id', ...userColumns])
      .where('node_id', '!=', this.node.value)
      .where('node_id', 'not in', db.selectFrom('nodes').select('id'))
      .execute();
    for (let from = 0; from < orphaned.length; from += maxConcurrentRemovals) {
      const removed = await Promise.allSettled(
        orphaned
          .slice(from, from + maxConcurrentRemovals)
          .map((row) => this.presence.removeOfDeadNode(row.room_id, userView(row), row.connection_id)),
      );
      for (const result of removed) {
        // The room, and with it the connection, may have been deleted meanwhile.
        if (result.status === 'rejected' && asProblem(result.reason).code !== 'room_not_found') {
          throw result.reason;
        }
      }
    }
    if (orphaned.length > 0) {
      this.log.info({ connections: orphaned.length }, 'removed connections of dead nodes');
    }
  }
}
