import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { userColumns, userView } from '../../auth/users.js';
import { NodesService } from '../../cluster/nodes.service.js';
import { Database } from '../../database/database.js';
import { asProblem } from '../../errors/as-problem.js';
import { presenceGraceMs, PresenceService } from './presence.service.js';

/** Connections of dead nodes that are removed concurrently. */
const maxConcurrentRemovals = 500;

/** Removes the connections of dead nodes. Their rooms receive the same events as for any lost connection. */
@Injectable()
export class DeadConnectionsService implements OnModuleInit {
  constructor(
    private readonly nodes: NodesService,
    private readonly presence: PresenceService,
    private readonly database: Database,
    @InjectPinoLogger(DeadConnectionsService.name) private readonly log: PinoLogger,
  ) {}

  onModuleInit(): void {
    this.nodes.observe({
      graceMs: presenceGraceMs,
      removeLeftovers: () => this.#remove(),
      evicted: () => this.presence.evict(),
    });
  }

  async #remove(): Promise<void> {
    const left = await this.#connectionsOfDeadNodes();
    for (let from = 0; from < left.length; from += maxConcurrentRemovals) {
      const removed = await Promise.allSettled(
        left
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
    if (left.length > 0) this.log.info({ connections: left.length }, 'removed connections of dead nodes');
  }

  async #connectionsOfDeadNodes() {
    const { db } = this.database;
    const known = await db.selectFrom('connections').select('node_id').distinct().execute();
    const dead = await this.nodes.endedAmong(known.map(({ node_id }) => node_id));
    if (dead.length === 0) return [];
    return db
      .selectFrom('connections')
      .innerJoin('users', 'users.id', 'connections.user_id')
      .select(['connections.id as connection_id', 'connections.room_id', ...userColumns])
      .where('connections.node_id', 'in', dead)
      .execute();
  }
}
