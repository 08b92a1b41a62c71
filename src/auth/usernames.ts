import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Trx } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { normaliseName } from '../names/name.js';
import { skeletonsOf } from '../names/skeleton.js';

/*
 * A registered name is unique by what it looks like: each skeleton belongs to at most one registered user. Guests' names
 * are not unique, and `guest` says whose they are; but a guest whose name looks like a registered one gets a
 * discriminator (`ada#3f2a`), so that no guest passes for a registered user.
 */

export const longestUsername = 32;
const discriminatorBytes = 2;
/** A name with a discriminator may be registered itself; that several in a row are is out of the question. */
const maxDiscriminators = 10;

/** What a registered user is found by when signing in; of the normalised name. */
export const usernameKey = (username: string): string => username.normalize('NFKC').toLowerCase();

/** What is looked for when someone signs in, best first: names were once stored with their inner spaces. */
export const loginKeys = (given: string): [string, string] => [
  usernameKey(given),
  usernameKey(normaliseName(given)),
];

/** @throws {Problem} username_taken where another registered user has the name, or one that looks like it */
export async function requireAvailable(
  db: Kysely<Schema>,
  username: string,
  exceptUserId: string | undefined,
): Promise<void> {
  const holder = await db
    .selectFrom('users')
    .select('id')
    .where('username_key', '=', usernameKey(username))
    .executeTakeFirst();
  const holders = [...(holder ? [holder.id] : []), ...(await holdersOf(db, username))];
  if (holders.some((id) => id !== exceptUserId)) throw taken(username);
}

/** Gives a user the name that they register. @throws {Problem} username_taken */
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

/** The name that a guest asks for, with a discriminator where it looks like a registered one. */
export async function nameForGuest(db: Kysely<Schema>, username: string): Promise<string> {
  let name = username;
  for (let attempt = 0; attempt < maxDiscriminators; attempt += 1) {
    if ((await holdersOf(db, name)).length === 0) return name;
    name = withDiscriminator(username, randomBytes(discriminatorBytes).toString('hex'));
  }
  throw new Error('no discriminator is free');
}

/** The registered users whose names look like this one. */
async function holdersOf(db: Kysely<Schema>, username: string): Promise<string[]> {
  const rows = await db
    .selectFrom('username_skeletons')
    .select('user_id')
    .distinct()
    .where('skeleton', 'in', skeletonsOf(username))
    .execute();
  return rows.map(({ user_id }) => user_id);
}

/** Cut between grapheme clusters, so that what is left is still a name. */
function withDiscriminator(username: string, discriminator: string): string {
  const room = longestUsername - discriminator.length - 1;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(username)) {
    if ([...kept, ...segment].length > room) break;
    kept += segment;
  }
  return `${kept.trimEnd()}#${discriminator}`;
}

const taken = (username: string): Problem =>
  new Problem(
    'username_taken',
    `"${username}", or a name that looks like it, is registered already; choose another username.`,
  );
