import type { TokenSource } from '../http/token-source.js';

/**
 * The token of one link's handshakes. Another one is asked for once between two handshakes that were accepted. Owned by
 * the link.
 */
export class HandshakeToken {
  #value: string | null = null;
  #isRenewed = false;

  constructor(private readonly source: TokenSource) {}

  /** @returns null if there is none. Rejects if it could not be asked for. */
  async get(): Promise<string | null> {
    return (this.#value = await this.source.get());
  }

  accepted(): void {
    this.#isRenewed = false;
  }

  /** After a refusal. @returns whether there is another token to try. Rejects if it could not be asked for. */
  async renew(): Promise<boolean> {
    if (this.#value === null) return false;
    // A command or another room has asked for it. It may be refused as well if that was long ago.
    if (!this.source.isCurrent(this.#value)) return true;
    if (this.#isRenewed) return false;
    this.#isRenewed = true;
    try {
      return (await this.source.renew(this.#value)) !== null;
    } catch (error) {
      this.#isRenewed = false;
      throw error;
    }
  }
}
