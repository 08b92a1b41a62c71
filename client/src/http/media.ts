import type { MediaTokenAnswer } from '../contract.js';
import type { Environment } from '../environment.js';
import type { Api } from './api.js';

/** A media token is replaced this long before it expires, so that what has been loaded with it can go on. */
const renewBeforeMs = 10 * 60_000;
/** Media tokens are valid for an hour; the expiry on the wire is by the server's clock, which may differ from ours. */
const validMs = 60 * 60_000;

/** Audio and covers: requests with the user's token, and URLs for media elements, which cannot send it. */
export class Media {
  #token: { value: Promise<string>; until: number; session: string | null } | undefined;

  constructor(
    private readonly api: Api,
    private readonly environment: Environment,
  ) {}

  /** @param url a `stream_url` or `cover_url` @param range a Range header, for example `bytes=0-65535` */
  async fetch(
    url: string,
    { range, signal }: { range?: string; signal?: AbortSignal } = {},
  ): Promise<Response> {
    const load = (token: string) =>
      fetch(this.#absolute(url), {
        headers: { authorization: `Bearer ${token}`, ...(range === undefined ? {} : { range }) },
        ...(signal && { signal }),
      });
    const { tokens } = this.api;
    const token = await tokens.get();
    const response = await load(token ?? '');
    if (response.status !== 401 || token === null) return response;
    const other = await tokens.renew(token);
    return other === null ? response : load(other);
  }

  /** A URL that a media element or an `<img>` can load. */
  async url(url: string): Promise<string> {
    // A media token ends with the session of the token for which it was issued.
    const session = await this.api.tokens.get();
    const now = this.environment.now();
    if (!this.#token || now >= this.#token.until || this.#token.session !== session) {
      const value = this.api.command<MediaTokenAnswer>('POST', '/auth/media-token', { repeatable: true });
      const token = {
        value: value.then(({ media_token }) => media_token),
        until: now + validMs - renewBeforeMs,
        session,
      };
      this.#token = token;
      token.value.catch(() => {
        if (this.#token === token) this.#token = undefined;
      });
    }
    const token = await this.#token.value;
    return `${this.#absolute(url)}${url.includes('?') ? '&' : '?'}media_token=${encodeURIComponent(token)}`;
  }

  #absolute(url: string): string {
    return `${this.api.address.origin}${this.api.address.path}${url}`;
  }
}
