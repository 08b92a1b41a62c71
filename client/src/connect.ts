import { socketIoTransport } from './connection/socket-io.js';
import { systemEnvironment } from './environment.js';
import { addressOf } from './http/address.js';
import { Api } from './http/api.js';
import { type TokenOption, TokenSource } from './http/token-source.js';
import { Roomcast } from './roomcast.js';

export interface ConnectOptions {
  readonly token: TokenOption;
  /**
   * How long the handlers of one event may take before the next event is handed out; 4000 if not given. The server sends
   * an event again that is not confirmed within 5 s (`CONFIRMATION_TIMEOUT_MS`).
   */
  readonly handlerTimeoutMs?: number;
  /** How long a command is repeated whose answer is lost; 30,000 if not given. */
  readonly commandTimeoutMs?: number;
}

/**
 * The way to a server. Opens no connection yet.
 * @param url of the server, without `/api`
 * @throws {RoomcastError} malformed
 */
export function connect(
  url: string | URL,
  { token, handlerTimeoutMs = 4_000, commandTimeoutMs = 30_000 }: ConnectOptions,
): Roomcast {
  const address = addressOf(url);
  const api = new Api(address, new TokenSource(token), systemEnvironment, commandTimeoutMs);
  return new Roomcast(api, socketIoTransport(address), systemEnvironment, handlerTimeoutMs);
}
