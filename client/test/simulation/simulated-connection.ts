import type { TransportListener, TransportTarget } from '../../src/connection/transport.js';
import { Direction, type Mishap } from './network.js';
import type { LoggedEvent, SimulatedServer } from './simulated-server.js';

const confirmationTimeoutMs = 5_000;
const attempts = 3;
/** How long either side takes to notice that the network is gone. */
const maxDetectionMs = 20_000;

interface Auth {
  token: string;
  after_sequence?: number;
  epoch?: string;
  state?: string;
}

/** Told about every confirmation that reaches the server. */
export type ConfirmationWatcher = (event: LoggedEvent) => void;

/** One connection of one client, both ends of it, and the network between. */
export class SimulatedConnection {
  readonly #up: Direction;
  readonly #down: Direction;
  readonly #auth: Auth;
  /** Confirmations that are due: by sequence, how often it was sent. */
  readonly #unconfirmed = new Map<number, number>();
  /** When the server accepted it: `now` of the environment. */
  establishedAt = -Infinity;
  #isOpen = false;
  /** It was sent its last event. */
  #isEnding = false;
  #isServerDone = false;
  #isClientDone = false;
  #mishap: Mishap = 'none';

  constructor(
    private readonly server: SimulatedServer,
    readonly userId: string,
    { auth }: TransportTarget,
    private readonly listener: TransportListener,
    private readonly onConfirmed: ConfirmationWatcher,
    maxDelayMs: number,
  ) {
    this.#up = new Direction(server.environment, maxDelayMs);
    this.#down = new Direction(server.environment, maxDelayMs);
    this.#auth = auth as unknown as Auth;
    this.#up.send(() => this.#handshake());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  // The client's side.

  ask(): Promise<unknown> {
    const { environment } = this.server;
    return new Promise((resolve, reject) => {
      environment.setTimeout(() => reject(new Error('timeout')), 4_000);
      this.#up.send(() => {
        if (!this.#isServerDone) this.#down.send(() => resolve({ ok: true, server_time: this.server.now }));
      });
    });
  }

  leave(): void {
    this.#isClientDone = true;
    this.#up.send(() => this.#endServer(0));
  }

  drop(): void {
    this.#isClientDone = true;
    this.#up.send(() => this.#endServer(5_000));
  }

  // The server's side.

  offer(event: LoggedEvent): void {
    if (this.#isOpen && !this.#isServerDone && !this.#isEnding) this.#send(event, 0);
  }

  /** The last event is the one that it was sent before: closes when that is confirmed, or the attempts are over. */
  closeSoon(): void {
    this.#isEnding = true;
    this.server.environment.setTimeout(() => this.close(), confirmationTimeoutMs * attempts + 1_000);
  }

  /** The next message to the client meets this. */
  expect(mishap: Mishap): void {
    this.#mishap = mishap;
  }

  close(code?: string): void {
    if (this.#isServerDone) return;
    if (code !== undefined) this.#emit(this.#error(code));
    this.#down.send(() => this.#endClient('server'));
    this.#endServer(0);
  }

  // The network's side.

  stall(): void {
    this.#up.stall();
    this.#down.stall();
  }

  flow(): void {
    this.#up.flow();
    this.#down.flow();
  }

  /** Both sides notice, at different times; the server keeps the presence until it does. */
  cut(): void {
    const { environment } = this.server;
    this.#up.cut();
    this.#down.cut();
    environment.setTimeout(() => this.#endClient('network'), environment.random() * maxDetectionMs);
    environment.setTimeout(() => this.#endServer(5_000), environment.random() * maxDetectionMs);
  }

  #handshake(): void {
    const { server, userId } = this;
    if (!server.isUp) this.#refuse(undefined);
    else if (!server.tokens.has(this.#auth.token)) this.#refuse('unauthorized');
    else if (server.isDeleted) this.#refuse('room_not_found');
    else if (!server.model.isParticipant(userId)) this.#refuse('not_a_participant');
    else this.#establish();
  }

  #refuse(code: string | undefined): void {
    this.#isServerDone = true;
    this.#down.send(() => {
      if (this.#isClientDone) return;
      this.#isClientDone = true;
      this.listener.refused(code === undefined ? undefined : { code, message: code });
    });
  }

  #establish(): void {
    const { server, userId } = this;
    server.change(() => server.model.connected(userId));
    this.#isOpen = true;
    this.establishedAt = server.environment.now();
    server.connections.add(this);
    this.#down.send(() => {
      if (!this.#isClientDone) this.listener.connected();
    });
    const { after_sequence: after, epoch, state } = this.#auth;
    const missed = after === undefined ? undefined : server.missed(after, epoch);
    this.#emit({
      event_id: `established ${server.environment.now()}`,
      type: 'connection_established',
      data: {
        user: server.model.user(userId),
        room: missed && state === 'when_needed' ? null : server.model.state(),
        sequence: server.sequence,
        epoch: server.epoch,
        resumed: missed !== undefined,
        replayed: missed?.length ?? 0,
        my_votes: server.model.votesOf(userId),
        clock_id: 'clock',
      },
      metadata: { priority: 'normal', requires_confirmation: false, retry_count: 0, created_at: server.now },
    });
    for (const event of missed ?? []) this.#send(event, 0);
  }

  #send(event: LoggedEvent, retries: number): void {
    const { requires_confirmation, sequence } = event.metadata;
    const copy = { ...event, metadata: { ...event.metadata, retry_count: retries } };
    if (!requires_confirmation) {
      this.#emit(copy);
      return;
    }
    this.#unconfirmed.set(sequence, retries + 1);
    this.#emit(copy, () =>
      this.#up.send(() => {
        if (this.#isServerDone) return;
        this.#unconfirmed.delete(sequence);
        this.onConfirmed(event);
        if (this.#isEnding && this.#unconfirmed.size === 0) this.close();
      }),
    );
    this.server.environment.setTimeout(() => this.#sweep(event), confirmationTimeoutMs);
  }

  #sweep(event: LoggedEvent): void {
    const sent = this.#unconfirmed.get(event.metadata.sequence);
    if (this.#isServerDone || sent === undefined) return;
    if (sent < attempts) this.#send(event, sent);
    else this.close('delivery_failed');
  }

  #error(code: string): object {
    return {
      event_id: `error ${this.server.environment.now()}`,
      type: 'error',
      data: { code, message: code },
      metadata: {},
    };
  }

  #emit(event: object, confirm?: () => void): void {
    const mishap = this.#mishap;
    this.#mishap = 'none';
    this.#down.send(() => {
      if (!this.#isClientDone) this.listener.received(event, confirm);
    }, mishap);
  }

  #endClient(by: 'server' | 'network'): void {
    if (this.#isClientDone) return;
    this.#isClientDone = true;
    this.listener.ended(by);
  }

  /** @param graceMs until the user counts as offline */
  #endServer(graceMs: number): void {
    if (this.#isServerDone) return;
    this.#isServerDone = true;
    this.#unconfirmed.clear();
    const { server, userId } = this;
    server.connections.delete(this);
    if (!this.#isOpen) return;
    const { epoch } = server;
    const offline = () => {
      if (server.isDeleted || server.epoch !== epoch) return;
      // The next process does it.
      if (!server.isUp) server.environment.setTimeout(offline, graceMs + 1000);
      else server.change(() => server.model.disconnected(userId));
    };
    server.environment.setTimeout(offline, graceMs);
  }
}
