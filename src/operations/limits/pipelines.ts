import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers';
import { Injectable } from '@nestjs/common';
import { FairBacklog, type QueueKey } from '../../limits/fair-backlog.js';

/** Requests in flight per TCP connection. Browsers and proxies send one at a time, pipelining clients a few. */
export const maxInFlight = 4;

/** Requests begin for this long in one turn of the event loop; the others begin in the next turns. */
const turnBudgetMs = 2;
const maxPerTurn = 8;
/**
 * Requests wait for so long while new connections are accepted. Node accepts one in each turn, in the order in which
 * they were opened: only in short turns does a listener's not wait behind hundreds that someone has just opened.
 */
const maxAcceptingMs = 20;
/**
 * Then waiting requests begin, even if more connections arrive: for this long, and in at least `minBeginningTurns` turns,
 * so that clients that keep opening connections cannot hold requests back.
 */
const beginningMs = 20;
const minBeginningTurns = 4;

/** What to do with a request when its turn comes. */
export interface Turn {
  /** Whose request it is. Not called for requests beyond the limit. */
  caller(): QueueKey;
  start(): void;
  /** Answers with an error and closes the connection. */
  refuse(): void;
  /** There were too many requests on the connection: called once, before `refuse` or instead of it. */
  flooded(): void;
}

interface Pipeline {
  /** Unanswered requests in their order; the first may be running. */
  open: Map<ServerResponse, Turn>;
  isRunning: boolean;
  /** More requests than allowed were sent: the next one is refused, the others are ignored. */
  isFlooded: boolean;
}

/**
 * Limits the requests in flight on each TCP connection and runs them one after the other: their answers are sent in
 * that order anyway. Node emits every pipelined request as soon as it is parsed, hundreds at a time. Therefore the first
 * one starts only when the block that Node is parsing has ended: a flood is refused before any of it has run.
 *
 * With SQLite most of a request runs in one go. Only as many begin in each turn of the event loop as fit into
 * `turnBudgetMs`, because everything else waits for the turn: sockets, and files that are being read. Callers take
 * turns: a thousand requests of a few callers delay those of the others by a few requests.
 */
@Injectable()
export class Pipelines {
  readonly #pipelines = new WeakMap<Socket, Pipeline>();
  /** First requests of connections that have not begun. Limited by the number of connections, one each. */
  readonly #waiting = new FairBacklog<() => void>({ maxWaiting: Infinity });
  #isScheduled = false;
  /** A value of `performance.now()`. */
  #turnEndsAt = 0;
  /** A connection was accepted since requests could last begin. */
  #hasAccepted = false;
  /** Since when requests wait for connections to be accepted. */
  #acceptingSince: number | undefined;
  /** Until when, and in how many more turns, requests begin although connections are accepted. */
  #beginUntil = 0;
  #beginTurns = 0;

  /** A new connection was accepted; there may be more. */
  accepted(): void {
    this.#hasAccepted = true;
  }

  /**
   * Calls `start` or `refuse` when it is the request's turn, or neither if the connection closes before that. A flood
   * behind a running request closes the connection at once.
   */
  admit({ socket }: IncomingMessage, response: ServerResponse, turn: Turn): void {
    const pipeline = this.#pipelineOf(socket);
    if (pipeline.isFlooded) return;
    if (pipeline.open.size >= maxInFlight) {
      pipeline.isFlooded = true;
      turn.flooded();
      stopReading(socket);
      // What Node has parsed from this block would be held until the running request ends.
      if (pipeline.isRunning) socket.destroy();
      return;
    }
    pipeline.open.set(response, turn);
    response.once('close', () => {
      pipeline.open.delete(response);
      pipeline.isRunning = false;
      const [next] = pipeline.open.values();
      if (next && !socket.destroyed) this.#wait(next, pipeline, socket);
    });
    if (pipeline.open.size === 1) this.#wait(turn, pipeline, socket);
  }

  /** Also for the next request of a pipeline: with four of them a connection has no more turns than others. */
  #wait(turn: Turn, pipeline: Pipeline, socket: Socket): void {
    this.#waiting.add(turn.caller(), () => runNext(pipeline, socket));
    this.#schedule();
  }

  /** Whether a request of this connection is in flight. */
  isAnswering(socket: Socket): boolean {
    return (this.#pipelines.get(socket)?.open.size ?? 0) > 0;
  }

  /** Bytes of answers on this connection that wait in this process to be written to the kernel. */
  unsentBytes(socket: Socket): number {
    let bytes = 0;
    for (const response of this.#pipelines.get(socket)?.open.keys() ?? []) bytes += response.writableLength;
    return bytes;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#beginTurn());
    // Each in a callback of its own, so that the time counts what a request does after it has begun.
    for (let count = 1; count < maxPerTurn; count += 1) {
      setImmediate(() => {
        if (performance.now() < this.#turnEndsAt) this.#startNext();
      });
    }
  }

  #beginTurn(): void {
    this.#isScheduled = false;
    const now = performance.now();
    const isAccepting = this.#isAccepting(now);
    this.#turnEndsAt = isAccepting ? 0 : now + turnBudgetMs;
    if (isAccepting) this.#schedule();
    // At least one, however late it is by now.
    else this.#startNext();
  }

  #startNext(): void {
    const caller = this.#waiting.next(() => true);
    if (!caller) return;
    // The next turn, for those that do not fit into this one.
    this.#schedule();
    this.#waiting.take(caller)();
  }

  #isAccepting(now: number): boolean {
    const hasAccepted = this.#hasAccepted;
    this.#hasAccepted = false;
    if (this.#beginTurns > 0) this.#beginTurns -= 1;
    if (!hasAccepted || now < this.#beginUntil || this.#beginTurns > 0) {
      this.#acceptingSince = undefined;
      return false;
    }
    this.#acceptingSince ??= now;
    if (now - this.#acceptingSince < maxAcceptingMs) return true;
    this.#acceptingSince = undefined;
    this.#beginUntil = now + beginningMs;
    this.#beginTurns = minBeginningTurns;
    return false;
  }

  #pipelineOf(socket: Socket): Pipeline {
    let pipeline = this.#pipelines.get(socket);
    if (!pipeline) {
      const created: Pipeline = { open: new Map(), isRunning: false, isFlooded: false };
      pipeline = created;
      this.#pipelines.set(socket, created);
      // When a connection closes, Node emits `close` only for the first response of the pipeline. Emit it for the
      // others too: their listeners would otherwise never release what they hold.
      socket.once('close', () =>
        setImmediate(() => {
          for (const response of created.open.keys()) response.emit('close');
        }),
      );
    }
    return pipeline;
  }
}

function runNext(pipeline: Pipeline, socket: Socket): void {
  if (pipeline.isRunning || socket.destroyed) return;
  const [turn] = pipeline.open.values();
  if (!turn) return;
  pipeline.isRunning = true;
  if (pipeline.isFlooded) turn.refuse();
  else turn.start();
}

/** Ignores everything that is still received on a connection that is about to be closed. */
function stopReading(socket: Socket): void {
  // Without Node's listener nothing is parsed. Pausing is not enough: reading a request resumes its socket.
  socket.removeAllListeners('data').on('data', ignore);
  // Node has parsed hundreds of small requests from the block that it read last, and aborts each with an error when the
  // connection closes. Capturing and formatting their stacks takes 30 ms.
  let limit = Error.stackTraceLimit;
  socket.prependOnceListener('close', () => {
    limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
  });
  socket.once('close', () => {
    Error.stackTraceLimit = limit;
  });
}

const ignore = (): void => undefined;
