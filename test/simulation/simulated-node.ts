import type { PinoLogger } from 'nestjs-pino';
import type { Settings } from '../../src/config/settings.js';
import { catalogue, type Envelope, eventTypes, type User } from '../../src/contract/index.js';
import type { Database, Trx } from '../../src/database/database.js';
import type { DeliveryReportsService } from '../../src/delivery/reports/delivery-reports.service.js';
import { makeEvent } from '../../src/events/envelope.js';
import { EventBroadcasterService } from '../../src/events/event-broadcaster.service.js';
import { EventLog } from '../../src/events/event-log.js';
import type { GuardedBus } from '../../src/events/bus/guarded-bus.js';
import { RetentionService } from '../../src/events/retention.service.js';
import type { Outgoing, RoomChange } from '../../src/events/room-change.js';
import { RoomTransactions } from '../../src/events/room-transactions.js';
import type { IdempotencyService } from '../../src/idempotency/idempotency.service.js';
import { type Delivery, Outcome } from '../../src/delivery/confirmations/delivery.js';
import { Statistics } from '../../src/metrics/statistics.js';
import { DeliverySweeper } from '../../src/delivery/delivery-sweeper.js';
import { MissedEventCheck } from '../../src/delivery/missed-event-check.js';
import type { RoomStream } from '../../src/delivery/room-stream.js';
import { RoomStreams } from '../../src/delivery/room-streams.js';
import { Lifecycle } from '../../src/lifecycle/lifecycle.js';
import { type Link } from './link.js';
import type { Lane } from './scheduler.js';
import type { SimulatedClient } from './simulated-client.js';
import { fail, Violation } from './violation.js';
import type { World } from './world.js';

/** The check for missed events runs every second, a sweep every 50 ms. */
const sweepsPerCheck = 20;

/** A process of the server: its delivery code is real, and everything around it is simulated. */
export class SimulatedNode {
  alive = true;
  readonly links = new Set<Link>();
  readonly broadcaster: EventBroadcasterService;
  readonly streams: RoomStreams;
  readonly statistics = new Statistics();
  /** Critical events written to a connection for the first time. */
  expected = 0;
  failedLinks = 0;
  /** Runs the work of its timers. */
  readonly sweep: () => void;
  readonly #eventLog: GatedLog;
  readonly #receivers: ((message: Outgoing) => void)[] = [];
  readonly #lanes = new Set<Lane>();
  readonly #newestPlayback = new WeakMap<RoomStream, number>();

  constructor(readonly world: World) {
    const { clock, limits } = world;
    const settings = {
      confirmationTimeoutMs: limits.timeoutSeconds * 1000,
      confirmationAttempts: limits.attempts,
      eventRetention: world.retention,
    } as Settings;
    const database = this.#gatedDatabase();
    this.#eventLog = new GatedLog(database, (work) => this.#gate(work));
    const lifecycle = new Lifecycle(logger);
    const retention = new RetentionService(database, settings, lifecycle, logger);
    const bus = this.#bus();
    this.broadcaster = new EventBroadcasterService(
      new RoomTransactions(database, this.#eventLog, retention, clock),
      // Commands of clients are not simulated.
      {} as IdempotencyService,
      bus,
      this.statistics,
      clock,
      logger,
    );
    this.streams = new RoomStreams(
      this.#eventLog,
      this.statistics,
      this.#reports(),
      clock,
      bus,
      settings,
      logger,
    );
    this.broadcaster.events$.subscribe((broadcast) => this.streams.deliver(broadcast));
    this.broadcaster.events$.subscribe((broadcast) => {
      const { event } = broadcast;
      if (broadcast.to === 'all' || (broadcast.to === 'room' && event.metadata.sequence === undefined)) {
        this.#noteUnlogged(event as Envelope);
      }
    });
    const sweeper = new DeliverySweeper(this.streams, this.statistics, clock, lifecycle);
    const check = new MissedEventCheck(this.streams, this.#eventLog, lifecycle, logger);
    let sweeps = 0;
    let checking: Promise<void> | undefined;
    this.sweep = () => {
      sweeper.sweep();
      sweeps += 1;
      if (sweeps % sweepsPerCheck === 0) checking ??= check.check().finally(() => (checking = undefined));
    };
  }

  /** Like `RoomEntrance`: joins the stream, reads the state, establishes the connection. */
  async enter(client: SimulatedClient): Promise<void> {
    const { world } = this;
    const { roomId, clock } = world;
    const after = client.last;
    const link = world.link(this, client);
    const caller = { user: client.user, sessionId: link.id, expiresAt: Infinity };
    const connection = this.streams.connect(roomId, link, caller);
    link.connection = connection;
    this.links.add(link);
    client.connected(link);
    try {
      await connection.stream.opened;
      await this.broadcaster.roomChange(roomId, (change) => {
        change.userActivity('user_connected_websocket', { user: client.user, online_count: 1 });
        return Promise.resolve();
      });
      const { sequence, missed } = await this.#read(after);
      const replayed = missed?.length ?? 0;
      const data = { user: client.user, room: {}, sequence, resumed: missed !== undefined, replayed };
      connection.establish(
        makeEvent('connection_established', roomId, clock.now(), data as any),
        missed ?? [],
        sequence,
      );
    } catch (error) {
      if (error instanceof Violation) throw error;
      fail(`${link.id} could not be set up: ${String(error)}`);
    }
  }

  detach(link: Link): void {
    if (this.alive) this.streams.disconnect(link.connection);
    this.links.delete(link);
  }

  /** Its memory is lost, results of pending queries included. */
  crash(): void {
    this.alive = false;
    for (const lane of this.#lanes) lane.clear();
    for (const link of [...this.links]) link.vanishes();
    this.links.clear();
  }

  arrives(message: Outgoing): void {
    if (this.alive) for (const receive of this.#receivers) receive(message);
  }

  raise(work: (change: RoomChange) => void): Promise<void> {
    return this.broadcaster.roomChange(this.world.roomId, (change) => {
      work(change);
      return Promise.resolve();
    });
  }

  /** Prunes the log to its newest events, as the retention would. */
  prune(keep: number, head: number): void {
    const settings = { eventRetention: keep } as Settings;
    new RetentionService(this.#gatedDatabase(), settings, new Lifecycle(logger), logger).advanced(
      this.world.roomId,
      -1,
      head,
    );
  }

  /** A newer playback event supersedes older ones. */
  checkPlayback(link: Link, { type, metadata }: Envelope): void {
    const { stream } = link.connection;
    if (catalogue[type].group !== 'playback') return;
    const newest = this.#newestPlayback.get(stream) ?? 0;
    if (metadata.retry_count === 0) {
      this.#newestPlayback.set(stream, Math.max(newest, metadata.sequence!));
    } else if (metadata.sequence! < newest) {
      fail(`retry of ${type} ${metadata.sequence} after ${newest} had been sent`);
    }
  }

  /** No memory is used for ended deliveries, and every expected confirmation has an outcome. */
  checkQuiet(): void {
    const { pendingConfirmations } = this.streams.size;
    if (pendingConfirmations > 0) fail(`${pendingConfirmations} confirmations are pending`);
    for (const { connection } of this.links) {
      const { confirmations, waiting } = connection.stream;
      const { pendingDeliveries } = confirmations;
      if (pendingDeliveries > 0) fail(`${pendingDeliveries} deliveries are pending`);
      if (waiting > 0) fail(`${waiting} events wait in the stream`);
    }
    if (this.#lanes.size > 0) fail('the database is still asked');
    let sum = 0;
    let dead = 0;
    let superseded = 0;
    for (const type of eventTypes) {
      if (catalogue[type].priority !== 'critical') continue;
      const counters = this.statistics.total.byType.get(type)!;
      const { confirmed, expired, dead_letters } = counters;
      sum += confirmed + expired + counters.superseded + dead_letters;
      superseded += counters.superseded;
      dead += dead_letters;
    }
    if (sum !== this.expected) fail(`${this.expected} were to be confirmed, ${sum} are accounted for`);
    if (dead > 0 && this.failedLinks === 0) fail(`${dead} dead letters, but no connection failed`);
    // A connection that confirms nothing fails without a dead letter if all of its events were superseded.
    if (this.failedLinks > 0 && dead + superseded === 0) fail(`${this.failedLinks} failed for no reason`);
  }

  #read(after: number | undefined) {
    const { world } = this;
    return this.#gate(() =>
      world.database.snapshot(async (trx) => {
        const { sequence } = (await this.#eventLog.head(world.roomId, trx))!;
        if (after === undefined) return { sequence, missed: undefined };
        const missed = await this.#eventLog.missed(trx, world.roomId, after, sequence);
        return { sequence, missed: missed.kind === 'replay' ? missed.events : undefined };
      }),
    );
  }

  #noteUnlogged(event: Envelope): void {
    const token = this.world.tokenOf(event);
    for (const link of this.links) {
      if (link.over) continue;
      link.offered.push(token);
      const { priority } = event.metadata;
      if (priority !== 'low') link.owed.set(`${priority} ${event.type}`, token);
    }
  }

  /** A query is delayed before and after it runs: other steps may run in between, and the node may crash. */
  #gate<R>(work: () => Promise<R>): Promise<R> {
    const lane = this.world.scheduler.lane();
    this.#lanes.add(lane);
    return new Promise<R>((resolve, reject) => {
      lane.push(async () => {
        const [answer] = await Promise.allSettled([work()]);
        lane.push(() => {
          this.#lanes.delete(lane);
          if (answer.status === 'fulfilled') resolve(answer.value);
          else reject(asError(answer.reason));
        });
      });
    });
  }

  #gatedDatabase(): Database {
    const { database } = this.world;
    return {
      db: database.db,
      write: (work: (trx: Trx) => Promise<any>) =>
        this.#gate(async () => {
          const result = await database.write(work);
          const { changes = [] } = result as { changes?: readonly RoomChange[] };
          for (const change of changes) this.world.committed(change);
          return result;
        }),
      snapshot: (work: (trx: Trx) => Promise<any>) => this.#gate(() => database.snapshot(work)),
    } as unknown as Database;
  }

  #bus(): GuardedBus {
    return {
      publish: (message: Outgoing) => this.world.bus.publish(this, message),
      onMessage: (receive: (message: Outgoing) => void) => this.#receivers.push(receive),
      subscribe: () => Promise.resolve(),
      unsubscribe: () => undefined,
      onHealth: () => undefined,
    } as unknown as GuardedBus;
  }

  #reports(): DeliveryReportsService {
    return {
      watch: () => undefined,
      unwatch: () => undefined,
      ended: (_roomId: string, delivery: Delivery, users: readonly User[]) => {
        let outcomes = 0;
        delivery.outcomes.forEach((outcome, slot) => {
          if (outcome === (Outcome.None as number)) return;
          outcomes += 1;
          if (!users[slot]) fail(`nobody knows whose slot ${slot} is`);
        });
        const { expected, pending, ackId } = delivery;
        if (pending !== 0 || outcomes !== expected) {
          fail(`${ackId} ended with ${outcomes} outcomes of ${expected}, ${pending} pending`);
        }
      },
      confirmedLate: (_roomId: string, sequence: number) => {
        if (sequence > this.world.head) fail(`${sequence}, which does not exist, was confirmed late`);
      },
    } as unknown as DeliveryReportsService;
  }
}

/** Single queries are delayed too; those inside a transaction are part of it. */
class GatedLog extends EventLog {
  constructor(
    private readonly of: Database,
    private readonly gate: <R>(work: () => Promise<R>) => Promise<R>,
  ) {
    super(of);
  }

  override head(roomId: string, trx: Trx | Database['db'] = this.of.db) {
    return trx === this.of.db ? this.gate(() => super.head(roomId)) : super.head(roomId, trx);
  }

  override heads(roomIds: readonly string[]) {
    return this.gate(() => super.heads(roomIds));
  }

  override read(roomId: string, after: number, limit: number, trx: Trx | Database['db'] = this.of.db) {
    const read = () => super.read(roomId, after, limit, trx);
    return trx === this.of.db ? this.gate(read) : read();
  }
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/** An error that the server catches and logs fails the scenario, unless it was simulated. */
const complain = ({ err }: { err?: unknown }, text: string) => {
  if (!(err instanceof Violation)) fail(`${text}: ${String(err)}`);
};
const logger = { warn: () => undefined, info: () => undefined, error: complain } as unknown as PinoLogger;
