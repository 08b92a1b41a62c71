import type { IncomingMessage } from 'node:http';

/** The token of a request, from its Authorization header or its query (`media_token`); '' if it has none. */
export function requestToken({ headers, url }: IncomingMessage): string {
  const bearer = /^Bearer +([^\s]+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? /[?&]media_token=([^&]+)/.exec(url ?? '')?.[1] ?? '';
}
