import { priorities, catalogue, type EventType, type User } from '../../../src/contract/index.js';
import { digest } from './digest.js';
import type { FakeEnvironment } from './fake-environment.js';
import { type Raised, Refused, RoomModel, type Rows } from './room-model.js';
import type { SimulatedConnection } from './simulated-connection.js';

/** An event in the log. */
export interface LoggedEvent {
  event_id: string;
  type: string;
  data: Record<string, unknown>;
  metadata: Record<string, unknown> & { sequence: number; requires_confirmation: boolean };
}

interface Departure {
  userId: string;
  reason: string;
  /** `now` of the environment. */
  at: number;
}

interface Backup {
  rows: Rows;
  sequence: number;
  answers: Map<string, unknown>;
}

const isCritical = (type: string) =>
  type !== 'user_updated' && priorities[catalogue[type as EventType].priority].confirmed;

/** A server with one room, a log, epochs, and answers kept by `Idempotency-Key`. */
export class SimulatedServer {
  readonly connections = new Set<SimulatedConnection>();
  readonly model: RoomModel;
  isUp = true;
  isDeleted = false;
  epoch = 'epoch 0';
  sequence = 0;
  /** Tokens that are accepted. */
  readonly tokens = new Set<string>();
  /** How often each command was carried out, by its key. */
  readonly carriedOut = new Map<string, number>();
  /** Digests of the room's state, by epoch and sequence. */
  readonly states = new Map<string, string>();
  readonly epochs = ['epoch 0'];
  /** Users who were removed, when and why. */
  readonly departures: Departure[] = [];
  log: LoggedEvent[] = [];
  #answers = new Map<string, unknown>();
  #backup: Backup | undefined;
  #events = 0;

  constructor(
    readonly environment: FakeEnvironment,
    users: number,
    readonly retention: number,
  ) {
    this.model = new RoomModel(users);
    this.#remember();
  }

  /** Seconds. */
  get now(): number {
    return this.environment.now() / 1000;
  }

  /** Changes the room, and sends what that raised to all connections. @returns the last event, null if none */
  change(work: () => void): { event_id: string; sequence: number } | null {
    const events = this.model.change(work).map((raised) => this.#store(raised));
    this.#remember();
    for (const event of events) {
      for (const connection of [...this.connections]) connection.offer(event);
      if (event.type === 'room_deleted') for (const connection of this.connections) connection.closeSoon();
      if (event.type === 'user_left') this.#departed(event.data as { user: User; reason: string });
    }
    const last = events.at(-1);
    return last ? { event_id: last.event_id, sequence: last.metadata.sequence } : null;
  }

  /** A command over REST. @throws {Refused} */
  command(token: string, key: string, work: () => void): unknown {
    if (!this.isUp) throw new Refused('unavailable', 503);
    if (!this.tokens.has(token)) throw new Refused('unauthorized', 401);
    if (this.isDeleted) throw new Refused('room_not_found', 404);
    const kept = this.#answers.get(key);
    if (kept) return kept;
    const answer = { event: this.change(work) };
    this.carriedOut.set(key, (this.carriedOut.get(key) ?? 0) + 1);
    this.#answers.set(key, answer);
    return answer;
  }

  /** The events after a sequence; undefined if the log does not continue from there. */
  missed(after: number, epoch: string | undefined): LoggedEvent[] | undefined {
    if ((epoch !== undefined && epoch !== this.epoch) || after > this.sequence) return undefined;
    const oldest = this.log[0]?.metadata.sequence ?? this.sequence + 1;
    if (after + 1 < oldest) return undefined;
    return this.log.filter(({ metadata }) => metadata.sequence > after);
  }

  /** What no server may do. */
  forgetAnswers(): void {
    this.#answers.clear();
  }

  backUp(): void {
    this.#backup = { rows: this.model.backup(), sequence: this.sequence, answers: new Map(this.#answers) };
  }

  /** Back to the last backup, if there is one. Everyone is disconnected before. */
  restore(): void {
    if (!this.#backup) return;
    this.model.restore(this.#backup.rows);
    this.sequence = this.#backup.sequence;
    this.#answers = new Map(this.#backup.answers);
    this.log = this.log.filter(({ metadata }) => metadata.sequence <= this.sequence);
    this.epoch = `epoch ${this.epochs.length}`;
    this.epochs.push(this.epoch);
    this.#remember();
    // Who had come since then is gone again.
    for (const userId of Object.keys(this.#backup.rows.users)) {
      if (!this.model.isParticipant(userId)) this.#note(userId, 'restored');
    }
  }

  #departed({ user, reason }: { user: User; reason: string }): void {
    this.#note(user.id, reason);
    for (const connection of this.connections) if (connection.userId === user.id) connection.closeSoon();
  }

  #note(userId: string, reason: string): void {
    this.departures.push({ userId, reason, at: this.environment.now() });
  }

  #store({ type, data }: Raised): LoggedEvent {
    this.sequence += 1;
    this.#events += 1;
    const critical = isCritical(type);
    const event: LoggedEvent = {
      event_id: `event ${this.#events}`,
      type,
      data: { room_id: null, timestamp: this.now, server_time: this.now, ...data },
      metadata: {
        priority: critical ? 'critical' : 'high',
        requires_confirmation: critical,
        retry_count: 0,
        created_at: this.now,
        sequence: this.sequence,
      },
    };
    if (type === 'room_deleted') this.isDeleted = true;
    else this.log.push(event);
    if (this.log.length > this.retention) this.log.splice(0, this.log.length - this.retention);
    return event;
  }

  #remember(): void {
    this.states.set(`${this.epoch} ${this.sequence}`, digest(this.model.state()));
  }
}
