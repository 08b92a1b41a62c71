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

/** Every other heartbeat looks for nodes whose heartbeat has stopped. */
const heartbeatMs = 5000;
const deadAfterSeconds = 20;
/** Connections of dead nodes that are removed at the same time, at most. */
const removeAtOnce = 500;

/** Which nodes are running, by a heartbeat in the database. Removes the connections that dead nodes left behind. */
@Injectable()
export class NodesService
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  #timer: NodeJS.Timeout | undefined;
  #heartbeats = 0;
  #work: Promise<void> | undefined;

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
      this.#timer = setInterval(() => this.#run(() => this.#heartbeat()), heartbeatMs);
      return;
    }
    // All other nodes are earlier processes, whose users have the grace to come back to this one.
    this.#timer = setTimeout(() => this.#run(() => this.#removeDeadNodes()), presenceGraceMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  /** Other nodes remove what is left of this one after the grace instead of the longer time for a dead node. */
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
      this.log.warn({ err }, 'the end of this node could not be written');
    }
  }

  #run(work: () => Promise<void>): void {
    this.#work ??= work()
      .catch((err: unknown) => this.log.warn({ err }, 'the nodes could not be updated; trying again'))
      .finally(() => (this.#work = undefined));
  }

  async #heartbeat(): Promise<void> {
    const { numUpdatedRows } = await this.database.db
      .updateTable('nodes')
      .set({ seen_at: this.clock.now() })
      .where('id', '=', this.node.value)
      .executeTakeFirst();
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

  /** Without a shared bus there are no other nodes: all other rows are from earlier processes. */
  async #removeDeadNodes(): Promise<void> {
    const { db } = this.database;
    let dead = db.deleteFrom('nodes').where('id', '!=', this.node.value);
    if (this.bus.shared) dead = dead.where('seen_at', '<', this.clock.now() - deadAfterSeconds);
    await dead.execute();
    const left = await db
      .selectFrom('connections')
      .innerJoin('users', 'users.id', 'connections.user_id')
      .select(['connections.id as connection_id', 'connections.room_id', ...userColumns])
      .where('node_id', '!=', this.node.value)
      .where('node_id', 'not in', db.selectFrom('nodes').select('id'))
      .execute();
    for (let from = 0; from < left.length; from += removeAtOnce) {
      const removed = await Promise.allSettled(
        left
          .slice(from, from + removeAtOnce)
          .map((row) => this.presence.removeDead(row.room_id, userView(row), row.connection_id)),
      );
      for (const result of removed) {
        // The room may have been deleted since, and its connections with it.
        if (result.status === 'rejected' && asProblem(result.reason).code !== 'room_not_found') {
          throw result.reason;
        }
      }
    }
    if (left.length > 0) this.log.info({ connections: left.length }, 'removed connections of dead nodes');
  }
}
