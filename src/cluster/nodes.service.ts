import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../config/clock.js';
import { Database } from '../database/database.js';
import { GuardedBus } from '../events/bus/guarded-bus.js';
import { NodeId } from './node-id.js';

/** Every other heartbeat looks for nodes whose heartbeat has stopped. */
const heartbeatMs = 5000;
const deadAfterSeconds = 20;

/** What a feature does about nodes that have ended. */
export interface NodeObserver {
  /** How long the users of a node that has ended may take to come back, before it is removed. */
  graceMs: number;
  /** Removes what dead nodes have left in the database. What it throws is logged, and it is called again later. */
  removeLeftovers(): Promise<void>;
  /** Other nodes considered this one dead, and have removed what was of it. */
  evicted(): void;
}

/**
 * Which nodes are running, by a heartbeat in the database. Rows of dead nodes are removed here; what else they left is
 * for the feature that observes them.
 */
@Injectable()
export class NodesService
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  #timer: NodeJS.Timeout | undefined;
  #heartbeats = 0;
  #work: Promise<void> | undefined;
  #observer: NodeObserver | undefined;

  constructor(
    private readonly node: NodeId,
    private readonly bus: GuardedBus,
    private readonly database: Database,
    private readonly clock: Clock,
    @InjectPinoLogger(NodesService.name) private readonly log: PinoLogger,
  ) {}

  /** To be called in `onModuleInit`: the observer is there before the first look at other nodes. */
  observe(observer: NodeObserver): void {
    if (this.#observer) throw new Error('the nodes have an observer already');
    this.#observer = observer;
  }

  /**
   * Which of these nodes have ended. A node has its row before anything else of it is written, so ids have to be read
   * before this is called: one that has no row by then was removed, and is not about to appear.
   */
  async endedAmong(nodeIds: readonly string[]): Promise<string[]> {
    if (nodeIds.length === 0) return [];
    const rows = await this.database.db.selectFrom('nodes').select('id').where('id', 'in', nodeIds).execute();
    const running = new Set([this.node.value, ...rows.map(({ id }) => id)]);
    return nodeIds.filter((id) => !running.has(id));
  }

  async onModuleInit(): Promise<void> {
    await this.#register();
  }

  onApplicationBootstrap(): void {
    if (this.bus.shared) {
      this.#timer = setInterval(() => this.#run(() => this.#heartbeat()), heartbeatMs);
      return;
    }
    // All other nodes are earlier processes, whose users have the grace to come back to this one.
    this.#timer = setTimeout(() => this.#run(() => this.#removeDeadNodes()), this.#graceMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  /** Other nodes remove what is left of this one after the grace instead of the longer time for a dead node. */
  async beforeApplicationShutdown(): Promise<void> {
    if (!this.bus.shared) return;
    const seen_at = this.clock.now() - deadAfterSeconds + this.#graceMs / 1000;
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

  get #graceMs(): number {
    return this.#observer?.graceMs ?? 0;
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
      this.#observer?.evicted();
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
    let dead = this.database.db.deleteFrom('nodes').where('id', '!=', this.node.value);
    if (this.bus.shared) dead = dead.where('seen_at', '<', this.clock.now() - deadAfterSeconds);
    await dead.execute();
    await this.#observer?.removeLeftovers();
  }
}
