import {
  connect,
  guest,
  login,
  refresh,
  register,
  type Roomcast,
  RoomcastError,
  type SignedIn,
  type User,
} from '@roomcast/client';
import { readStored, writeStored } from '../stores/local-storage.js';
import { ValueStore } from '../stores/value-store.js';

export interface SignedInUser {
  readonly user: User;
  readonly token: string;
  /** Unix time in seconds. */
  readonly expiresAt: number;
}

const sessionKey = 'roomcast.session';
const nameKey = 'roomcast.name';
/** A token is valid for 30 days. One that is older than a day is replaced: a weekly visitor stays the same person. */
const renewBeforeSeconds = 29 * 24 * 60 * 60;
/** A page on a screen stays open for longer than a token is valid. */
const lookAgainMs = 60 * 60_000;
/** How long a refused token waits for another tab, which may have registered the user, to store the one that follows. */
const replacementTimeoutMs = 2_000;

/**
 * Who uses the page: signed in, or nobody. The token is kept in local storage, so that a guest stays the same person
 * when the page is opened again. `roomcast` is the connection of whoever is signed in.
 */
export class Session {
  readonly signedIn = new ValueStore<SignedInUser | null>(readStored<SignedInUser>(sessionKey) ?? null);
  #roomcast: Roomcast | undefined;
  /** The sign-in whose answer is awaited. */
  #signingIn: Promise<unknown> = Promise.resolve();
  #wasForgotten = false;

  constructor(private readonly url: string) {
    this.#renewIfOld();
    setInterval(() => this.#renewIfOld(), lookAgainMs);
    // Another tab may sign in or out.
    addEventListener('storage', ({ key }) => {
      if (key === sessionKey) this.#set(readStored<SignedInUser>(sessionKey) ?? null);
    });
  }

  /** The name to suggest: the user's, or the last one that was used here. */
  get lastName(): string {
    return this.signedIn.current?.user.username ?? readStored<string>(nameKey) ?? '';
  }

  /** Whether nobody is signed in because the token was refused. */
  get wasForgotten(): boolean {
    return this.#wasForgotten;
  }

  get roomcast(): Roomcast {
    this.#roomcast ??= connect(this.url, { token: (refused) => this.#token(refused) });
    return this.#roomcast;
  }

  /** @throws {RoomcastError} invalid_field, rate_limited, network */
  enterAsGuest(username: string): Promise<void> {
    return this.#signIn(() => guest(this.url, username));
  }

  /**
   * A guest keeps their rooms and votes, and stays connected.
   * @throws {RoomcastError} invalid_field, username_taken, rate_limited
   */
  register(username: string, password: string): Promise<void> {
    const { current } = this.signedIn;
    const guestToken = current?.user.guest ? current.token : undefined;
    return this.#signIn(() => register(this.url, username, password, guestToken));
  }

  /** @throws {RoomcastError} invalid_credentials, rate_limited */
  login(username: string, password: string): Promise<void> {
    return this.#signIn(() => login(this.url, username, password, this.signedIn.current?.token));
  }

  /** Ends the session on the server, its connections included. */
  async signOut(): Promise<void> {
    const { current } = this.signedIn;
    this.#store(null);
    if (!current) return;
    // The token expires by itself if the server cannot be reached.
    await fetch('/api/auth/logout', {
      method: 'POST',
      headers: { authorization: `Bearer ${current.token}` },
    }).catch(() => undefined);
  }

  /** The token was refused: it has expired or was revoked elsewhere. */
  forget(): void {
    if (!this.signedIn.current) return;
    this.#wasForgotten = true;
    this.#store(null);
  }

  #renewIfOld(): void {
    const { current } = this.signedIn;
    if (current && current.expiresAt - Date.now() / 1000 < renewBeforeSeconds) void this.#renew(current);
  }

  /** Nothing waits for it: the earlier token stays valid. */
  async #renew({ token }: SignedInUser): Promise<void> {
    // If the user signs out or in before the answer comes, the answer is ignored.
    const isCurrent = () => this.signedIn.current?.token === token;
    try {
      const answer = await refresh(this.url, token);
      if (isCurrent()) this.#store(answer);
    } catch (error) {
      if (!(error instanceof RoomcastError) || error.code !== 'unauthorized') return;
      // Registering ends the guest's token before the next one is there.
      await this.#signingIn;
      if (isCurrent()) this.forget();
    }
  }

  async #signIn(request: () => Promise<SignedIn>): Promise<void> {
    const answer = request();
    this.#signingIn = answer.catch(() => undefined);
    this.#store(await answer);
  }

  /**
   * For the connections. Registering ends the guest's token, and the server may close connections for that before it has
   * answered with the next token: a refused token therefore waits for the one that replaces it.
   */
  async #token(refused: string | undefined): Promise<string | null> {
    await this.#signingIn;
    const token = () => this.signedIn.current?.token ?? null;
    if (refused === undefined || token() !== refused) return token();
    await new Promise<void>((resolve) => {
      const stop = this.signedIn.subscribe(() => resolve());
      setTimeout(() => {
        stop();
        resolve();
      }, replacementTimeoutMs);
    });
    return token();
  }

  #store(answer: SignedIn | null): void {
    const signedIn = answer && { user: answer.user, token: answer.token, expiresAt: answer.expires_at };
    writeStored(sessionKey, signedIn ?? undefined);
    if (signedIn) writeStored(nameKey, signedIn.user.username);
    this.#set(signedIn);
  }

  #set(signedIn: SignedInUser | null): void {
    if (signedIn) this.#wasForgotten = false;
    // Connections of another user, or of none, end. Whoever hears of that finds who is signed in now.
    const isOther = signedIn?.user.id !== this.signedIn.current?.user.id;
    const ended = isOther ? this.#roomcast : undefined;
    if (isOther) this.#roomcast = undefined;
    this.signedIn.set(signedIn);
    ended?.close();
  }
}
