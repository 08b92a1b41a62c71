import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Trx } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { IdempotencyStore, type KeptAnswer } from './idempotency-store.js';

/** A request that has an `Idempotency-Key`. */
export interface KeyedRequest {
  userId: string;
  key: string;
  method: string;
  /** With the query. */
  path: string;
  /** Identifies the body; undefined until the form of an upload has been read. */
  body: string | undefined;
}

/** A keyed request in progress. */
interface CurrentRequest extends KeyedRequest {
  /** The answer that was kept when the request arrived. */
  kept: KeptAnswer | undefined;
}

/**
 * Makes repeated commands safe: the answer of a command with an `Idempotency-Key` is kept in the command's transaction,
 * and the same request with the same key gets it again and changes nothing. Failed commands change nothing, so nothing
 * is kept of them. Used by `IdempotencyInterceptor` for each request, by `EventBroadcasterService` in each transaction
 * of a command, and by the interceptor of uploads.
 */
@Injectable()
export class IdempotencyService {
  readonly #current = new AsyncLocalStorage<CurrentRequest>();

  constructor(private readonly store: IdempotencyStore) {}

  /**
   * Runs the handler of a request, or returns the kept answer if the request is a repeat.
   * @throws {Problem} idempotency_key_reused; what the handler throws
   */
  async handle(request: KeyedRequest, handler: () => Promise<unknown>): Promise<unknown> {
    const kept = await this.store.find(request.userId, request.key);
    if (kept && request.body !== undefined) return answerTo(request, kept);
    const current: CurrentRequest = { ...request, kept };
    try {
      return await this.#current.run(current, handler);
    } catch (error) {
      if (current.body === undefined) throw error;
      // The same request may have been committed meanwhile, and this one have failed because of that: the track to be
      // removed, for example, does not exist any more. Or this one was committed, and the database's answer was lost.
      const committed = await this.store.find(current.userId, current.key);
      if (!committed) throw error;
      return answerTo(current, committed);
    }
  }

  /**
   * Runs the work of a command in its transaction and keeps what it returns. Without a key, runs the work only. One
   * transaction for each request.
   * @throws {Problem} idempotency_key_reused if an answer is kept already, so that the transaction is rolled back;
   * `handle` then returns that answer if it is one to the same request; rate_limited; what the work throws
   */
  async once<R extends object>(trx: Trx, work: () => Promise<R>): Promise<R> {
    const request = this.#current.getStore();
    if (!request) return work();
    const { userId, key } = request;
    // A form that no handler reads is no part of the request.
    request.body ??= '';
    // Read again: the same request may have been committed since this one arrived.
    if (await this.store.find(userId, key, trx)) throw reused();
    await this.store.requireSpace(trx, userId);
    const answer = await work();
    const isFirst = await this.store.keep(trx, userId, key, {
      request_hash: hashOf(request),
      answer: JSON.stringify(answer),
    });
    // Another transaction with the key, which locked other rows, was committed first.
    if (!isFirst) throw reused();
    return answer;
  }

  /** Whether the request in progress has a key for which an answer was kept when it arrived. */
  get isRepeat(): boolean {
    return this.#current.getStore()?.kept !== undefined;
  }

  /**
   * To be called when the body of an upload has been read.
   * @param body identifies the body: equal for equal ones
   * @returns the kept answer if the request in progress is a repeat; else undefined
   * @throws {Problem} idempotency_key_reused
   */
  identify(body: string): object | undefined {
    const request = this.#current.getStore();
    if (!request) return undefined;
    request.body = body;
    return request.kept && answerTo(request, request.kept);
  }
}

function answerTo(request: KeyedRequest, { request_hash, answer }: KeptAnswer): object {
  if (request_hash !== hashOf(request)) throw reused();
  return JSON.parse(answer) as object;
}

const hashOf = ({ method, path, body = '' }: KeyedRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([method, path, body]))
    .digest('base64url');

const reused = (): Problem =>
  new Problem(
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request within the last 10 minutes; use a new key for each command.',
  );
