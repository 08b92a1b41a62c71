import { RoomcastError } from '../errors.js';

/** Where a server is: `origin` with scheme and port, `path` without a slash at its end, usually empty. */
export interface ServerAddress {
  readonly origin: string;
  readonly path: string;
}

/**
 * @param url of the server, without `/api`; in a page it may be a path, such as `/`
 * @throws {RoomcastError} malformed
 */
export function addressOf(url: string | URL): ServerAddress {
  const base = typeof location === 'undefined' ? undefined : location.href;
  try {
    const { origin, pathname } = new URL(url, base);
    return { origin, path: pathname.replace(/\/+$/, '') };
  } catch (cause) {
    throw new RoomcastError('malformed', `${String(url)} is not the address of a server.`, { cause });
  }
}
