import { Injectable } from '@nestjs/common';
import { Clock } from '../config/clock.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import { RateLimited } from '../errors/problem.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';

/** How long an answer is kept. */
export const keptSeconds = 600;
/** Limits of what is kept for one user. */
export const maxKeptAnswers = 1000;
export const maxKeptBytes = 2 * 1024 * 1024;

const removeEveryMs = 60_000;
/** Rows deleted by one statement: commands wait for it. */
const deleteBatchSize = 500;

/** The answer of a command that has been committed, and the hash of the request. */
export interface KeptAnswer {
  request_hash: string;
  /** JSON. */
  answer: string;
}

/**
 * Reads and writes the table `idempotency_keys`: the answer of each command with an `Idempotency-Key`, by user and key,
 * for 10 minutes. Expired rows are treated as missing, and deleted once a minute.
 */
@Injectable()
export class IdempotencyStore {
  #isStopped = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    lifecycle: Lifecycle,
  ) {
    lifecycle.repeat('the removal of expired answers', removeEveryMs, () => this.removeExpired());
    lifecycle.onDrain(() => (this.#isStopped = true));
  }

  /** @returns undefined if there is none, or if it has expired */
  find(userId: string, key: string, db: Trx | Database['db'] = this.database.db) {
    return selectAnswer.first(db, { userId, key, expired: this.#expired });
  }

  /**
   * Checks that another answer of the user may be kept.
   * @throws {Problem} rate_limited until the oldest has expired
   */
  async requireSpace(trx: Trx, userId: string): Promise<void> {
    const { count, bytes, oldest } = await selectUsage.one(trx, { userId, expired: this.#expired });
    if (count < maxKeptAnswers && (bytes ?? 0) < maxKeptBytes) return;
    throw new RateLimited(
      `Too many commands with an Idempotency-Key within ${keptSeconds / 60} minutes; try again after Retry-After seconds.`,
      ((oldest ?? 0) - this.#expired) * 1000,
    );
  }

  /** @returns false if an answer that has not expired is kept for the key, by a transaction that was not visible before */
  async keep(trx: Trx, userId: string, key: string, { request_hash, answer }: KeptAnswer): Promise<boolean> {
    const size_bytes = Buffer.byteLength(answer);
    const row = {
      userId,
      key,
      request_hash,
      answer,
      size_bytes,
      now: this.clock.now(),
      expired: this.#expired,
    };
    return (await insertAnswer.first(trx, row)) !== undefined;
  }

  /** Deletes expired answers in batches, between which commands run. */
  async removeExpired(): Promise<void> {
    const { db } = this.database;
    const expired = this.#expired;
    for (;;) {
      const last = await db
        .selectFrom('idempotency_keys')
        .select('created_at')
        .where('created_at', '<=', expired)
        .orderBy('created_at')
        .offset(deleteBatchSize - 1)
        .limit(1)
        .executeTakeFirst();
      const upTo = last?.created_at ?? expired;
      await db.deleteFrom('idempotency_keys').where('created_at', '<=', upTo).execute();
      if (!last || this.#isStopped) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Answers kept until this time have expired. */
  get #expired(): number {
    return this.clock.now() - keptSeconds;
  }
}

interface OfKey {
  userId: string;
  key: string;
  expired: number;
}

const selectAnswer = prepare((db, { userId, key, expired }: OfKey) =>
  db
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'answer'])
    .where('user_id', '=', userId)
    .where('key', '=', key)
    .where('created_at', '>', expired),
);

const selectUsage = prepare((db, { userId, expired }: Omit<OfKey, 'key'>) =>
  db
    .selectFrom('idempotency_keys')
    .select((of) => [
      of.fn.countAll<number>().as('count'),
      of.fn.sum<number | null>('size_bytes').as('bytes'),
      of.fn.min<number | null>('created_at').as('oldest'),
    ])
    .where('user_id', '=', userId)
    .where('created_at', '>', expired),
);

const insertAnswer = prepare((db, row: OfKey & KeptAnswer & { size_bytes: number; now: number }) => {
  const kept = {
    request_hash: row.request_hash,
    answer: row.answer,
    size_bytes: row.size_bytes,
    created_at: row.now,
  };
  return db
    .insertInto('idempotency_keys')
    .values({ user_id: row.userId, key: row.key, ...kept })
    .onConflict((conflict) =>
      conflict
        .columns(['user_id', 'key'])
        .doUpdateSet(kept)
        .where('idempotency_keys.created_at', '<=', row.expired),
    )
    .returning('key');
});
