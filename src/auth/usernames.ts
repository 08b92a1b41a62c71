import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Trx } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { normaliseName } from '../names/name.js';
import { skeletonsOf } from '../names/skeleton.js';

/*
 * Registered names are unique by appearance: each skeleton (see names/skeleton.ts) belongs to at most one registered
 * user. Guests' names are not unique, but a guest whose name looks like a registered one gets a discriminator
 * (`ada#3f2a`), so that no guest can be mistaken for a registered user.
 */

/** In code points. */
export const maxUsernameLength = 32;
const discriminatorBytes = 2;
/** A name with a discriminator may be registered too, so another is tried; ten collisions in a row do not happen. */
const maxAttempts = 10;

/** The `username_key` of a registered user. */
export const usernameKey = (username: string): string => username.normalize('NFKC').toLowerCase();

/** The keys to look up when a user signs in, preferred first. Earlier versions did not collapse spaces in names. */
export const loginKeys = (given: string): [string, string] => [
  usernameKey(given),
  usernameKey(normaliseName(given)),
];

/** @throws {Problem} username_taken if another registered user has the name or one that looks like it */
export async function requireAvailable(
  db: Kysely<Schema>,
  username: string,
  exceptUserId: string | undefined,
): Promise<void> {
  const owner = await db
    .selectFrom('users')
    .select('id')
    .where('username_key', '=', usernameKey(username))
    .executeTakeFirst();
  const owners = [...(owner ? [owner.id] : []), ...(await lookAlikeOwners(db, username))];
  if (owners.some((id) => id !== exceptUserId)) throw taken(username);
}

/** Assigns a name and its skeletons to the user who registers it. @throws {Problem} username_taken */
export async function claimForRegistered(trx: Trx, userId: string, username: string): Promise<void> {
  await requireAvailable(trx, username, userId);
  const skeletons = skeletonsOf(username);
  const claimed = await trx
    .insertInto('username_skeletons')
    .values(skeletons.map((skeleton) => ({ skeleton, user_id: userId })))
    .onConflict((conflict) => conflict.column('skeleton').doNothing())
    .returning('skeleton')
    .execute();
  if (claimed.length < skeletons.length) throw taken(username);
  await trx
    .updateTable('users')
    .set({ username, username_key: usernameKey(username) })
    .where('id', '=', userId)
    .execute();
}

/** The name that a guest requests, with a discriminator if it looks like a registered one. */
export async function nameForGuest(db: Kysely<Schema>, username: string): Promise<string> {
  let name = username;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    if ((await lookAlikeOwners(db, name)).length === 0) return name;
    name = withDiscriminator(username, randomBytes(discriminatorBytes).toString('hex'));
  }
  throw new Error('no free discriminator found');
}

/** The ids of registered users whose names look like this one. */
async function lookAlikeOwners(db: Kysely<Schema>, username: string): Promise<string[]> {
  const rows = await db
    .selectFrom('username_skeletons')
    .select('user_id')
    .distinct()
    .where('skeleton', 'in', skeletonsOf(username))
    .execute();
  return rows.map(({ user_id }) => user_id);
}

/** Appends a discriminator. The name is shortened between grapheme clusters, so that it stays a valid name. */
function withDiscriminator(username: string, discriminator: string): string {
  const maxLength = maxUsernameLength - discriminator.length - 1;
  let shortened = '';
  for (const { segment } of new Intl.Segmenter().segment(username)) {
    if ([...shortened, ...segment].length > maxLength) break;
    shortened += segment;
  }
  return `${shortened.trimEnd()}#${discriminator}`;
}

const taken = (username: string): Problem =>
  new Problem(
    'username_taken',
    `"${username}", or a name that looks like it, is already registered; choose another username.`,
  );
