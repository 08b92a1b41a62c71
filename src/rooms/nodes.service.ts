import {
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { userColumns, userView } from '../auth/users.js';
import { Clock } from '../config/clock.js';
import { NodeId } from '../config/node-id.js';
import { Database } from '../database/database.js';
import { asProblem } from '../errors/as-problem.js';
import { GuardedBus } from '../events/guarded-bus.js';
import { PresenceService } from './presence.service.js';

/** How often a node says that it lives, in milliseconds; every other time it looks for those that do not. */
const beatEvery = 5000;
/** A node that has not said so for this long is dead, in seconds. */
const deadAfter = 20;

/** Which servers live. Connections of one that ended without closing them are closed by whoever notices. */
@Injectable()
export class NodesService implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  #timer: NodeJS.Timeout | undefined;
  #beats = 0;
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
    await this.#enter();
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#bury();
    // A single node has nobody to tell.
    if (!this.bus.shared) return;
    this.#timer = setInterval(() => {
      this.#work ??= this.#beat();
    }, beatEvery);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  async #beat(): Promise<void> {
    try {
      const { numUpdatedRows } = await this.database.db
        .updateTable('nodes')
        .set({ seen_at: this.clock.now() })
        .where('id', '=', this.node.value)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) {
        await this.#enter();
        this.presence.lose();
      }
      this.#beats += 1;
      if (this.#beats % 2 === 0) await this.#bury();
    } catch (err) {
      this.log.warn({ err }, 'the other nodes could not be told that this one lives; trying again');
    } finally {
      this.#work = undefined;
    }
  }

  async #enter(): Promise<void> {
    const row = { id: this.node.value, seen_at: this.clock.now() };
    await this.database.db.insertInto('nodes').values(row).execute();
  }

  /** Where no bus is shared there is but one node, and all others are of earlier starts. */
  async #bury(): Promise<void> {
    const { db } = this.database;
    let dead = db.deleteFrom('nodes').where('id', '!=', this.node.value);
    if (this.bus.shared) dead = dead.where('seen_at', '<', this.clock.now() - deadAfter);
    await dead.execute();
    const left = await db
      .selectFrom('connections')
      .innerJoin('users', 'users.id', 'connections.user_id')
      .select(['connections.id as connection_id', 'connections.room_id', ...userColumns])
      .where('node_id', '!=', this.node.value)
      .where('node_id', 'not in', db.selectFrom('nodes').select('id'))
      .execute();
    for (const row of left) {
      try {
        await this.presence.disconnected(row.room_id, userView(row), row.connection_id);
      } catch (error) {
        // The room was deleted meanwhile, and its connections with it.
        if (asProblem(error).code !== 'room_not_found') throw error;
      }
    }
    if (left.length > 0) this.log.info({ connections: left.length }, 'closed what a dead node left open');
  }
}
