import { expect } from '@jest/globals';
import type { Room, Track } from '../../src/contract/index.js';
import { expectProblem } from './answers.js';
import { type Answer, person, type Person, request, roomOf } from './api.js';
import { wav } from './audio.js';
import type { TestServer } from './server.js';

export const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Different ones, in order. */
export const statusesOf = (answers: readonly Answer[]): number[] =>
  [...new Set(answers.map(({ status }) => status))].sort();

/** Runs it 400 times, in five loops at once. */
export async function inLoops(run: () => Promise<void>): Promise<void> {
  await Promise.all(
    numbers(5).map(async () => {
      for (const _ of numbers(80)) await run();
    }),
  );
}

/** Some were accepted, and the others rate limited. @param longestSeconds the window of the limit */
export function expectLimitReached(answers: readonly Answer[], longestSeconds: number): void {
  expect(statusesOf(answers)).toEqual([200, 429]);
  for (const answer of answers) if (answer.status === 429) expectRateLimited(answer, longestSeconds);
}

/** @param longestSeconds the window of the limit */
export function expectRateLimited(answer: Answer, longestSeconds: number): void {
  expectProblem(answer, 429, 'rate_limited');
  const seconds = Number(answer.headers.get('retry-after'));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(longestSeconds);
}

/** Guests at addresses of their own, on a server with `TRUST_PROXY=1`: the address of a request is the one it names. */
export class Guests {
  #lastAddress = 0;

  constructor(private readonly server: TestServer) {}

  newAddress(): string {
    this.#lastAddress += 1;
    return `192.0.2.${this.#lastAddress}`;
  }

  /** The same user at another address, or with other headers. */
  at(address: string, { token, user }: Person, headers: Record<string, string> = {}): Person {
    return person(this.server.url, token, user, { 'x-forwarded-for': address, ...headers });
  }

  async one(address = this.newAddress()): Promise<Person> {
    const headers = { 'x-forwarded-for': address, 'content-type': 'application/json' };
    const body = JSON.stringify({ username: 'guest' });
    const answer = await request(this.server.url, 'POST', '/auth/guest', { headers, body });
    expect(answer.status).toBe(201);
    return person(this.server.url, answer.body.token, answer.body.user, { 'x-forwarded-for': address });
  }

  /** At one address. */
  several(count: number, address = this.newAddress()): Promise<Person[]> {
    return Promise.all(numbers(count).map(() => this.one(address)));
  }

  /** A room that plays, with a track in its queue. */
  async roomWithTrack(): Promise<{ owner: Person; room: Room; track: Track }> {
    const owner = await this.one();
    const room = await roomOf(owner);
    await owner.upload(room.id, wav(600), 'playing.wav');
    return { owner, room, track: (await owner.upload(room.id, wav(1), 'queued.wav')).body.track };
  }
}
