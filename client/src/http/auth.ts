import type { SignedIn } from '../contract.js';
import { addressOf } from './address.js';
import { request } from './request.js';

/*
 * Signing in. Each answers with a token, which `connect` takes, with its expiry (Unix seconds) and the user.
 */

/** A new guest with this name, which others may have too. @throws {RoomcastError} invalid_field, rate_limited */
export const guest = (url: string | URL, username: string): Promise<SignedIn> =>
  request(addressOf(url), 'POST', '/auth/guest', { body: { username } });

/**
 * Registers a user. With a guest's token, the guest becomes that user and keeps rooms and votes; the guest's token ends.
 * @throws {RoomcastError} invalid_field, username_taken, already_registered, rate_limited
 */
export const register = (
  url: string | URL,
  username: string,
  password: string,
  guestToken?: string,
): Promise<SignedIn> =>
  request(addressOf(url), 'POST', '/auth/register', { body: { username, password }, token: guestToken });

/**
 * Signs in. With a token of an earlier sign-in to the account, which may have been revoked, the user is not affected by
 * others behind the same address who guess passwords.
 * @throws {RoomcastError} invalid_credentials, rate_limited
 */
export const login = (
  url: string | URL,
  username: string,
  password: string,
  earlierToken?: string,
): Promise<SignedIn> =>
  request(addressOf(url), 'POST', '/auth/login', { body: { username, password }, token: earlierToken });

/** Another token with a later expiry, for a token that is still valid. @throws {RoomcastError} unauthorized */
export const refresh = (url: string | URL, token: string): Promise<SignedIn> =>
  request(addressOf(url), 'POST', '/auth/refresh', { token });
