import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Trx } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { normaliseName } from '../names/name.js';
import { skeletonsOf } from '../names/skeleton.js';

/*
 * Usernames are told apart by sight, over the whole server: each skeleton belongs to at most one user. A registered
 * user takes a name as it is, or is refused where it looks like another registered user's. A guest is never refused:
 * where the look is taken, the name gets a discriminator (`ada#3f2a`); a guest who has the look that somebody
 * registers gets one at that moment.
 */

export const longestUsername = 32;
/** Bytes of the discriminators that are tried in turn; so many users can have one name. */
const discriminatorBytes = [2, 2, 2, 4, 4, 8];

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
  const { id } =
    (await db
      .selectFrom('users')
      .select('id')
      .where('username_key', '=', usernameKey(username))
      .executeTakeFirst()) ?? {};
  const holders = id === undefined ? await holdersOf(db, username) : [];
  const others = [...(id === undefined ? [] : [id]), ...holders.filter((h) => !h.guest).map((h) => h.id)];
  if (others.some((other) => other !== exceptUserId)) throw taken(username);
}

/**
 * Gives a user the name that they register, in place of what they had. Guests who have its look are renamed.
 * @throws {Problem} username_taken
 */
export async function claimForRegistered(trx: Trx, userId: string, username: string): Promise<void> {
  await requireAvailable(trx, username, userId);
  const guests = (await holdersOf(trx, username)).filter(({ id }) => id !== userId);
  for (const id of [userId, ...guests.map((guest) => guest.id)]) await release(trx, id);
  if (!(await claim(trx, userId, username))) throw taken(username);
  await trx
    .updateTable('users')
    .set({ username, username_key: usernameKey(username) })
    .where('id', '=', userId)
    .execute();
  for (const guest of guests) await tellApart(trx, guest.id, guest.username);
}

/** Gives a new guest, whose row is there, the name that they ask for, or one that is told apart. @returns the name */
export async function claimForGuest(trx: Trx, userId: string, username: string): Promise<string> {
  return (await claim(trx, userId, username)) ? username : tellApart(trx, userId, username);
}

async function tellApart(trx: Trx, userId: string, username: string): Promise<string> {
  for (const bytes of discriminatorBytes) {
    const name = withDiscriminator(username, randomBytes(bytes).toString('hex'));
    if (!(await claim(trx, userId, name))) continue;
    await trx.updateTable('users').set({ username: name }).where('id', '=', userId).execute();
    return name;
  }
  throw new Error('no discriminator is free');
}

/** @returns whether nobody has any of the name's skeletons; the user has them then */
async function claim(trx: Trx, userId: string, username: string): Promise<boolean> {
  const skeletons = skeletonsOf(username);
  const claimed = await trx
    .insertInto('username_skeletons')
    .values(skeletons.map((skeleton) => ({ skeleton, user_id: userId })))
    .onConflict((conflict) => conflict.column('skeleton').doNothing())
    .returning('skeleton')
    .execute();
  if (claimed.length === skeletons.length) return true;
  await release(trx, userId);
  return false;
}

async function release(trx: Trx, userId: string): Promise<void> {
  await trx.deleteFrom('username_skeletons').where('user_id', '=', userId).execute();
}

async function holdersOf(
  db: Kysely<Schema>,
  username: string,
): Promise<{ id: string; username: string; guest: boolean }[]> {
  const rows = await db
    .selectFrom('username_skeletons')
    .innerJoin('users', 'users.id', 'username_skeletons.user_id')
    .select(['users.id', 'users.username', 'users.password_hash'])
    .distinct()
    .where('skeleton', 'in', skeletonsOf(username))
    .orderBy('users.id')
    .execute();
  return rows.map(({ id, username, password_hash }) => ({ id, username, guest: password_hash === null }));
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
