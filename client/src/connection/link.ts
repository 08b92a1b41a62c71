import type { Environment, Timer } from '../environment.js';
import type { Refusal } from '../errors.js';
import type { TokenSource } from '../http/token-source.js';
import { type Store, WritableStore } from '../store.js';
import { backoffMs } from './backoff.js';
import { type ClosedReason, type Connection, type OfflineReason, transition } from './connection.js';
import { HandshakeToken } from './handshake-token.js';
import { type Outcome, outcomeOf } from './refusals.js';
import { SleepDetector } from './sleep-detector.js';
import type { OpenTransport, TransportConnection } from './transport.js';

/** Time from the start of an attempt until the connection is established. */
const establishTimeoutMs = 20_000;
/** A connection that lasted this long was a good one: the next attempt counts as the first. */
const stableMs = 5_000;
/** Time for the server to answer whether the connection still works. */
const probeTimeoutMs = 4_000;
/** A connection that ends this soon after a sleep ended because of it. */
const afterSleepMs = 15_000;

/** What a link needs from its owner, and tells it. */
export interface LinkOwner {
  readonly namespace: string;
  /** What the handshake has besides the token. */
  handshake(): Record<string, unknown>;
  received(event: unknown, confirm: (() => void) | undefined): void;
  /** The transport is open; the owner calls `established` as soon as the connection can be used. */
  connected(): void;
  /** The connection has ended. More of it does not arrive. */
  ended(): void;
  /** The device has probably slept. */
  woke(): void;
  /** The last thing that is told. */
  closed(reason: ClosedReason): void;
}

/**
 * Keeps a connection to one namespace: connects, waits with full jitter after a failure, returns at once when the
 * network does, renews the token once, and gives up where trying again cannot help. Owned by a room or the lobby. At most
 * one transport connection exists at a time.
 */
export class Link {
  readonly #state = new WritableStore<Connection>({ is: 'connecting', attempt: 1 });
  #transport: TransportConnection | undefined;
  /** Grows with each attempt and each end, so that what belongs to an earlier one is recognized. */
  #round = 0;
  #timer: Timer | undefined;
  /** Attempts since the last connection that lasted. */
  #attempts = 0;
  #establishedAt: number | undefined;
  /** What to do when this connection ends, where the server has said why it will close it. */
  #announced: Outcome | undefined;
  #sleptAt = -Infinity;
  readonly #token: HandshakeToken;
  readonly #sleep: SleepDetector;
  readonly #stopWaking: () => void;

  constructor(
    private readonly owner: LinkOwner,
    private readonly open: OpenTransport,
    tokens: TokenSource,
    private readonly environment: Environment,
  ) {
    this.#token = new HandshakeToken(tokens);
    this.#sleep = new SleepDetector(environment, () => this.#woke(true));
    this.#stopWaking = environment.onWake((reason) => {
      this.#sleep.check();
      if (reason === 'online' || this.#state.current.is === 'offline') this.#woke(false);
    });
  }

  get state(): Store<Connection> {
    return this.#state;
  }

  start(): void {
    void this.#attempt();
  }

  /** Sends a message on the current connection. Rejects if there is none. */
  ask(message: string, payload: object, timeoutMs: number): Promise<unknown> {
    return this.#transport
      ? this.#transport.ask(message, payload, timeoutMs)
      : Promise.reject(new Error('There is no connection.'));
  }

  /** For the owner, once: the connection can be used. @param from @param to sequences; equal if nothing is missing */
  established(from: number, to: number): void {
    this.environment.clearTimeout(this.#timer);
    this.#establishedAt = this.environment.now();
    this.#token.accepted();
    this.#input({ kind: 'established', at: this.environment.wallClock(), from, to });
  }

  caughtUp(): void {
    this.#input({ kind: 'caught_up', at: this.environment.wallClock() });
  }

  /** @param outcome what to do when the server closes the connection, as it is about to; undefined if it is not */
  announce(outcome: Outcome | undefined): void {
    // Whatever else it says, there is nothing to return to.
    if (outcome && this.#announced?.do !== 'give_up') this.#announced = outcome;
  }

  /** Cuts the connection and returns. */
  restart(reason: OfflineReason): void {
    if (!this.#transport) return;
    this.#transport.drop();
    this.#lost({ do: 'retry', reason });
  }

  close(reason: ClosedReason): void {
    if (this.#state.current.is === 'closed') return;
    this.#transport?.leave();
    this.#over();
    this.#sleep.stop();
    this.#stopWaking();
    this.#input({ kind: 'close', reason });
    this.owner.closed(reason);
  }

  async #attempt(): Promise<void> {
    const round = (this.#round += 1);
    this.environment.clearTimeout(this.#timer);
    this.#attempts += 1;
    this.#input({ kind: 'attempt', attempt: this.#attempts });
    let token: string | null;
    try {
      token = await this.#token.get();
    } catch {
      if (round === this.#round) this.#lost({ do: 'retry', reason: 'network' });
      return;
    }
    if (round !== this.#round) return;
    if (token === null) this.close('unauthorized');
    else this.#connect(token, round);
  }

  #connect(token: string, round: number): void {
    const isCurrent = () => round === this.#round;
    this.#announced = undefined;
    this.#timer = this.environment.setTimeout(() => this.restart('server'), establishTimeoutMs);
    const { namespace } = this.owner;
    this.#transport = this.open(
      { namespace, auth: { token, ...this.owner.handshake() } },
      {
        connected: () => {
          if (isCurrent()) this.owner.connected();
        },
        received: (event, confirm) => {
          if (isCurrent()) this.owner.received(event, confirm);
        },
        refused: (refusal: Refusal | undefined) => {
          if (isCurrent()) this.#lost(outcomeOf(refusal?.code));
        },
        ended: (by) => {
          if (isCurrent()) this.#lost(this.#outcomeOfEnd(by));
        },
      },
    );
  }

  #outcomeOfEnd(by: 'server' | 'network'): Outcome {
    if (this.#announced) return this.#announced;
    if (by === 'server') return { do: 'retry', reason: 'server' };
    const hasSlept = this.environment.now() - this.#sleptAt < afterSleepMs;
    return { do: 'retry', reason: hasSlept ? 'asleep' : 'network' };
  }

  #lost(outcome: Outcome): void {
    this.#over();
    this.owner.ended();
    switch (outcome.do) {
      case 'give_up':
        return this.close(outcome.reason);
      case 'renew':
        return void this.#renewToken();
      case 'retry':
        return this.#retryLater(outcome.reason);
    }
  }

  /** The current attempt or connection is over, whatever else arrives of it. */
  #over(): void {
    this.#round += 1;
    this.environment.clearTimeout(this.#timer);
    this.#transport = undefined;
    if (this.#establishedAt === undefined) return;
    const lastedMs = this.environment.now() - this.#establishedAt;
    if (lastedMs >= stableMs) this.#attempts = 0;
    this.#establishedAt = undefined;
  }

  #retryLater(reason: OfflineReason): void {
    const waitMs = backoffMs(this.#attempts, () => this.environment.random());
    const retryAt = this.environment.wallClock() + waitMs;
    this.#input({ kind: 'lost', reason, retryAt, attempt: this.#attempts + 1 });
    this.#timer = this.environment.setTimeout(() => void this.#attempt(), waitMs);
  }

  async #renewToken(): Promise<void> {
    const round = this.#round;
    this.#input({ kind: 'attempt', attempt: Math.max(1, this.#attempts) });
    let isRenewed: boolean;
    try {
      isRenewed = await this.#token.renew();
    } catch {
      if (round === this.#round) this.#retryLater('network');
      return;
    }
    if (round !== this.#round) return;
    if (isRenewed) await this.#attempt();
    else this.close('unauthorized');
  }

  /** The device or the network is back: waiting ends, and a connection has to prove that it still works. */
  #woke(fromSleep: boolean): void {
    if (fromSleep) {
      this.#sleptAt = this.environment.now();
      this.owner.woke();
    }
    switch (this.#state.current.is) {
      case 'offline':
        void this.#attempt();
        return;
      case 'live':
      case 'catching_up':
        void this.#probe(fromSleep ? 'asleep' : 'network');
        return;
      case 'connecting':
      case 'closed':
        return;
    }
  }

  async #probe(reason: OfflineReason): Promise<void> {
    const round = this.#round;
    try {
      await this.ask('time_sync', {}, probeTimeoutMs);
    } catch {
      if (round === this.#round) this.restart(reason);
    }
  }

  #input(input: Parameters<typeof transition>[1]): void {
    this.#state.set(transition(this.#state.current, input));
  }
}
