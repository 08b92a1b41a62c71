import type { Environment } from '../environment.js';
import { reportUncaught, RoomcastError } from '../errors.js';
import type { EventType, RoomcastEvent } from '../wire.js';

/** What a handler is told besides the event. */
export interface HandlerContext {
  /** Whether it happened before this connection was there: to be shown as history rather than as news. */
  readonly replayed: boolean;
  /** Aborted when the handler has taken too long, or when the room is closed while it runs. */
  readonly signal: AbortSignal;
}

export type EventHandler<T extends EventType> = (
  event: RoomcastEvent<T>,
  context: HandlerContext,
) => void | Promise<void>;

/** A handler that threw, rejected or took too long. It is not called again for this event. */
export interface HandlerFailure {
  readonly event: RoomcastEvent;
  /** What was thrown; a `RoomcastError` with the code `handler_timeout` if it took too long. */
  readonly error: unknown;
}

type AnyHandler = (event: RoomcastEvent, context: HandlerContext) => void | Promise<void>;

/** The handlers of one room, by event type. Owned by the room; runs them for one event at a time. */
export class Handlers {
  readonly #byType = new Map<string, Set<AnyHandler>>();
  readonly #failureListeners = new Set<(failure: HandlerFailure) => void>();
  #running: Context | undefined;

  /** @param timeoutMs how long the handlers of one event may take */
  constructor(
    private readonly environment: Environment,
    private readonly timeoutMs: number,
  ) {}

  add<T extends EventType>(type: T, handler: EventHandler<T>): () => void {
    let handlers = this.#byType.get(type);
    if (!handlers) this.#byType.set(type, (handlers = new Set()));
    const own: AnyHandler = (event, context) => handler(event as unknown as RoomcastEvent<T>, context);
    handlers.add(own);
    return () => {
      handlers.delete(own);
      if (handlers.size === 0 && this.#byType.get(type) === handlers) this.#byType.delete(type);
    };
  }

  onFailure(listener: (failure: HandlerFailure) => void): () => void {
    this.#failureListeners.add(listener);
    return () => this.#failureListeners.delete(listener);
  }

  /**
   * Calls the handlers of an event in the order in which they were added.
   * @returns undefined if all are done, else what resolves once they have settled or the time is over; never rejects
   */
  run(event: RoomcastEvent, replayed: boolean): Promise<void> | undefined {
    const handlers = this.#byType.get(event.type);
    if (!handlers) return undefined;
    const context = (this.#running = new Context(replayed));
    const pending: Promise<void>[] = [];
    for (const handler of [...handlers]) {
      try {
        const result = handler(event, context);
        if (isPromise(result)) {
          pending.push(result.then(undefined, (error: unknown) => this.report({ event, error })));
        }
      } catch (error) {
        this.report({ event, error });
      }
    }
    return pending.length === 0 ? undefined : this.#settled(event, pending, context);
  }

  /** Aborts the signal of the handlers that run. */
  abort(reason: RoomcastError): void {
    this.#running?.abort(reason);
  }

  /** Tells of a failure; without a listener it goes to the console. */
  report(failure: HandlerFailure): void {
    if (this.#failureListeners.size === 0) reportUncaught(failure.error);
    for (const listener of [...this.#failureListeners]) {
      try {
        listener(failure);
      } catch (error) {
        reportUncaught(error);
      }
    }
  }

  #settled(event: RoomcastEvent, pending: Promise<void>[], context: Context): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.environment.setTimeout(() => {
        const error = new RoomcastError(
          'handler_timeout',
          `A handler of ${event.type} took more than ${this.timeoutMs} ms; the next event does not wait for it.`,
        );
        context.abort(error);
        this.report({ event, error });
        resolve();
      }, this.timeoutMs);
      void Promise.all(pending).then(() => {
        this.environment.clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Makes the signal only for handlers that use it. */
class Context implements HandlerContext {
  #controller: AbortController | undefined;
  #reason: RoomcastError | undefined;

  constructor(readonly replayed: boolean) {}

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  abort(reason: RoomcastError): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }
}

const isPromise = (value: unknown): value is Promise<void> =>
  typeof value === 'object' && value !== null && typeof (value as PromiseLike<void>).then === 'function';
