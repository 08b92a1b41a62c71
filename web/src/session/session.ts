import {
  connect,
  guest,
  login,
  refresh,
  register,
  type Roomcast,
  RoomcastError,
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
/** A token that expires sooner is replaced when the page is opened. */
const refreshBeforeSeconds = 24 * 60 * 60;

/**
 * Who uses the page: signed in, or nobody. The token is kept in local storage, so that a guest stays the same person
 * when the page is opened again. `roomcast` is the connection of whoever is signed in.
 */
export class Session {
  readonly signedIn = new ValueStore<SignedInUser | null>(readStored<SignedInUser>(sessionKey) ?? null);
  #roomcast: Roomcast | undefined;

  constructor(private readonly url: string) {
    const { current } = this.signedIn;
    if (current && current.expiresAt - Date.now() / 1000 < refreshBeforeSeconds) void this.#refresh(current);
    // Another tab may sign in or out.
    addEventListener('storage', ({ key }) => {
      if (key === sessionKey) this.#set(readStored<SignedInUser>(sessionKey) ?? null);
    });
  }

  /** The name to suggest: the user's, or the last one that was used here. */
  get lastName(): string {
    return this.signedIn.current?.user.username ?? readStored<string>(nameKey) ?? '';
  }

  get roomcast(): Roomcast {
    this.#roomcast ??= connect(this.url, { token: () => this.signedIn.current?.token ?? null });
    return this.#roomcast;
  }

  /** @throws {RoomcastError} invalid_field, rate_limited, network */
  async enterAsGuest(username: string): Promise<void> {
    this.#store(await guest(this.url, username));
  }

  /** A guest keeps their rooms and votes. @throws {RoomcastError} invalid_field, username_taken, rate_limited */
  async register(username: string, password: string): Promise<void> {
    const { current } = this.signedIn;
    this.#store(
      await register(this.url, username, password, current?.user.guest ? current.token : undefined),
    );
  }

  /** @throws {RoomcastError} invalid_credentials, rate_limited */
  async login(username: string, password: string): Promise<void> {
    this.#store(await login(this.url, username, password, this.signedIn.current?.token));
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
    this.#store(null);
  }

  async #refresh({ token }: SignedInUser): Promise<void> {
    try {
      this.#store(await refresh(this.url, token));
    } catch (error) {
      if (error instanceof RoomcastError && error.code === 'unauthorized') this.forget();
    }
  }

  #store(answer: { user: User; token: string; expires_at: number } | null): void {
    const signedIn = answer && { user: answer.user, token: answer.token, expiresAt: answer.expires_at };
    writeStored(sessionKey, signedIn ?? undefined);
    if (signedIn) writeStored(nameKey, signedIn.user.username);
    this.#set(signedIn);
  }

  #set(signedIn: SignedInUser | null): void {
    // Connections of another user, or of none, end.
    if (signedIn?.user.id !== this.signedIn.current?.user.id) {
      this.#roomcast?.close();
      this.#roomcast = undefined;
    }
    this.signedIn.set(signedIn);
  }
}
