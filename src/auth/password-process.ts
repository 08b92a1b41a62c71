import argon2 from 'argon2';
import { serveRequests } from '../processes/serve-requests.js';
import type { PasswordAnswer, PasswordRequest } from './password-hasher.js';

/* Entry point of the process that hashes passwords. */

/** The smallest of the equivalent argon2id settings in the OWASP Password Storage Cheat Sheet. */
const hashing = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/**
 * Hash of a random password that was not kept. A sign-in with an unknown name is verified against it, so that it takes as
 * long as one with a known name.
 */
const unknownUserHash =
  '$argon2id$v=19$m=19456,p=1,t=2$IELp4bs3qIg0NXJSkUIazw$6IssU8yNcsHyk4ZW1e6Wua9h9OQzlo4NYqIyVgX2NBA';

async function answer({ password, hash }: PasswordRequest): Promise<PasswordAnswer> {
  if (hash === undefined) return { hash: await argon2.hash(password, hashing) };
  const matches = await argon2.verify(hash ?? unknownUserHash, password);
  return { matches: matches && hash !== null };
}

serveRequests(answer, 30_000);
