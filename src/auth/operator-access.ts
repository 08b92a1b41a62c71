import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { errorCodes } from '../contract/index.js';
import { Problem } from '../errors/problem.js';
import { LoginThrottle } from './login-throttle.js';

/** What the throttle counts wrong tokens by. No user's name contains a space at its beginning. */
const account = ' operator';

/** Checks the token of the server's operator (`ADMIN_TOKEN`), with the limits of passwords. */
@Injectable()
export class OperatorAccess {
  readonly #digest: Buffer | undefined;

  constructor(
    @Inject(SETTINGS) { adminToken }: Settings,
    private readonly throttle: LoginThrottle,
  ) {
    if (adminToken !== null) this.#digest = digestOf(adminToken);
  }

  /**
   * @param token as it was sent, '' if none was
   * @param address the key of the client's address
   * @param gone aborted when the client has closed its connection
   * @throws {Problem} not_found, as for any unknown path, if the server has no token; unauthorized, after a delay if
   * there were several; rate_limited
   */
  async require(token: string, address: string, gone: AbortSignal): Promise<void> {
    const expected = this.#digest;
    if (!expected) throw new Problem('not_found', errorCodes.not_found.description);
    const check = () => {
      // Digests have the same length, so the time does not depend on the token.
      const matches = token !== '' && timingSafeEqual(digestOf(token), expected);
      return Promise.resolve(matches || undefined);
    };
    if (await this.throttle.run({ account, address, source: address, gone }, check)) return;
    throw new Problem(
      'unauthorized',
      'This needs the token of the operator: "Authorization: Bearer <token>".',
    );
  }
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
