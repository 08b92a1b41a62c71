/**
 * Where the token comes from: the token itself, or a function that returns it. The function is called before the first
 * request, and again with the refused token when the server does not accept it any more. It returns null if the user is
 * signed out; connections then close with `unauthorized`. If it throws, it is called again later.
 */
export type TokenOption = string | ((refused?: string) => string | null | Promise<string | null>);

/** Keeps the token, and asks for another one when it is refused: once for all who need it at the same time. */
export class TokenSource {
  #current: string | null | undefined;
  #asking: Promise<string | null> | undefined;

  constructor(private readonly option: TokenOption) {
    if (typeof option === 'string') this.#current = option;
  }

  /** @returns null if there is none. Rejects if the function that was given does. */
  get(): Promise<string | null> {
    return this.#current === undefined ? this.#ask(undefined) : Promise.resolve(this.#current);
  }

  /** Whether the token is still the one that requests use: it has not been replaced or dropped. */
  isCurrent(token: string): boolean {
    return this.#current === token;
  }

  /** @returns another token than the one that was refused; null if there is none */
  async renew(refused: string): Promise<string | null> {
    if (this.#current === refused || this.#current === undefined) await this.#ask(refused);
    return this.#current === refused ? null : (this.#current ?? null);
  }

  #ask(refused: string | undefined): Promise<string | null> {
    this.#asking ??= this.#askNow(refused).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #askNow(refused: string | undefined): Promise<string | null> {
    const token = typeof this.option === 'string' ? this.option : await this.option(refused);
    return (this.#current = token === '' ? null : token);
  }
}
