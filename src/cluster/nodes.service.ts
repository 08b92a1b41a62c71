import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../config/clock.js';
import { Database } from '../database/database.js';
import { GuardedBus } from '../events/bus/guarded-bus.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { RepeatingTask } from '../lifecycle/repeating-task.js';
import { NodeId } from './node-id.js';

/** Every second heartbeat also removes dead nodes. */
const heartbeatEveryMs = 5000;
/** A node without a heartbeat for this long is dead. */
const deadAfterSeconds = 20;

/** What a feature does about nodes that have stopped. Registered by the feature that stores rows of nodes. */
export interface NodeObserver {
  /** Users of a node that has stopped have this time to reconnect elsewhere before its rows are removed. */
  graceMs: number;
  /** Removes the rows of dead nodes. Errors are logged, and it is called again later. */
  removeLeftovers(): Promise<void>;
  /** Other nodes considered this one dead and removed its rows. */
  evicted(): void;
}

/**
 * Registers this node in the table `nodes`, renews its row with a heartbeat and removes the rows of dead nodes; the
 * observer removes what else they left. Without a shared bus there is one node and no heartbeat: all other rows are
 * from earlier processes.
 */
@Injectable()
export class NodesService implements OnModuleInit, OnApplicationBootstrap {
  readonly #cleanup: RepeatingTask;
  #firstCleanup: NodeJS.Timeout | undefined;
  #heartbeats = 0;
  #observer: NodeObserver | undefined;

  constructor(
    private readonly node: NodeId,
    private readonly bus: GuardedBus,
    private readonly database: Database,
    private readonly clock: Clock,
    lifecycle: Lifecycle,
    @InjectPinoLogger(NodesService.name) private readonly log: PinoLogger,
  ) {
    const onError = (err: unknown) => {
      this.log.warn({ err }, 'the table of nodes could not be updated; trying again');
      if (!this.bus.shared && !lifecycle.isDraining) this.#cleanUpOnce(heartbeatEveryMs);
    };
    const work = () => (this.bus.shared ? this.#heartbeat() : this.#removeDeadNodes());
    this.#cleanup = new RepeatingTask(heartbeatEveryMs, work, onError);
    lifecycle.onStop('work', 'the heartbeat', async () => {
      clearTimeout(this.#firstCleanup);
      await this.#cleanup.stop();
    });
    lifecycle.onStop('flush', 'the end of this node', () => this.#announceEnd());
  }

  /** To be called in `onModuleInit`: the observer is registered before other nodes are checked. */
  observe(observer: NodeObserver): void {
    if (this.#observer) throw new Error('the nodes have an observer already');
    this.#observer = observer;
  }

  /**
   * Which of these nodes have ended. A node has its row before anything else of it is written, so ids have to be read
   * before this is called: a node without a row was then removed, and is not about to be registered.
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
    if (this.bus.shared) this.#cleanup.start();
    // Once; users of an earlier process have the grace period to reconnect to this one.
    else this.#cleanUpOnce(this.#graceMs);
  }

  #cleanUpOnce(delayMs: number): void {
    this.#firstCleanup = setTimeout(() => void this.#cleanup.run(), delayMs);
  }

  /** Ages this node's heartbeat so that other nodes remove its connections after the grace period, not after 20 s. */
  async #announceEnd(): Promise<void> {
    if (!this.bus.shared) return;
    const seen_at = this.clock.now() - deadAfterSeconds + this.#graceMs / 1000;
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

  get #graceMs(): number {
    return this.#observer?.graceMs ?? 0;
  }

  async #heartbeat(): Promise<void> {
    const { numUpdatedRows } = await this.database.db
      .updateTable('nodes')
      .set({ seen_at: this.clock.now() })
      .where('id', '=', this.node.value)
      .executeTakeFirst();
    // Another node considered this one dead and removed its row and its connections.
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

  /** Without a shared bus all other rows are from earlier processes, so they are removed whatever their age. */
  async #removeDeadNodes(): Promise<void> {
    let deleteDead = this.database.db.deleteFrom('nodes').where('id', '!=', this.node.value);
    if (this.bus.shared) {
      deleteDead = deleteDead.where('seen_at', '<', this.clock.now() - deadAfterSeconds);
    }
    await deleteDead.execute();
    await this.#observer?.removeLeftovers();
  }
}
