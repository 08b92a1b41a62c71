/** Why a connection does not exist at the moment. */
export type OfflineReason =
  /** The network is gone, or did not carry something. */
  | 'network'
  /** The server closed the connection, restarts, or cannot serve at the moment. */
  | 'server'
  /** The device slept, or the page was frozen. */
  | 'asleep';

/** Why a connection does not come back. */
export type ClosedReason =
  /** This user has left the room. */
  | 'left'
  /** The administrator removed this user. Also where the user left the room elsewhere while this client was away. */
  | 'kicked'
  | 'banned'
  /** The room was deleted. Also where a user was removed from a private room while this client was away. */
  | 'deleted'
  /** The token is not accepted, and the token callback gave no other one. */
  | 'unauthorized'
  /** Client and server do not understand each other. */
  | 'protocol'
  /** This program closed it, with `close()` or its `AbortSignal`; the user is still a participant. */
  | 'closed';

/** The state of a connection. Times are Unix milliseconds of this machine. */
export type Connection =
  /** The attempt with this number is in progress; 1 is the first since the last connection. */
  | { readonly is: 'connecting'; readonly attempt: number }
  /** Events arrive as they happen. */
  | { readonly is: 'live'; readonly since: number }
  /** The missed events after the sequence `from`, up to `to`, are being applied. */
  | { readonly is: 'catching_up'; readonly from: number; readonly to: number }
  /** Waits for `retryAt`, when the attempt with this number begins. */
  | {
      readonly is: 'offline';
      readonly reason: OfflineReason;
      readonly retryAt: number;
      readonly attempt: number;
    }
  /** For good. */
  | { readonly is: 'closed'; readonly reason: ClosedReason };

/** What happens to a connection. */
export type ConnectionInput =
  | { readonly kind: 'attempt'; readonly attempt: number }
  /** The server accepted. Nothing is missing if `from` equals `to`. */
  | { readonly kind: 'established'; readonly at: number; readonly from: number; readonly to: number }
  /** The last missed event was applied. */
  | { readonly kind: 'caught_up'; readonly at: number }
  | {
      readonly kind: 'lost';
      readonly reason: OfflineReason;
      readonly retryAt: number;
      readonly attempt: number;
    }
  | { readonly kind: 'close'; readonly reason: ClosedReason };

/** The next state. An input that does not fit the state leaves it as it is; nothing leaves `closed`. */
export function transition(state: Connection, input: ConnectionInput): Connection {
  if (state.is === 'closed') return state;
  switch (input.kind) {
    case 'attempt':
      return { is: 'connecting', attempt: input.attempt };
    case 'established':
      if (state.is !== 'connecting') return state;
      return input.from < input.to
        ? { is: 'catching_up', from: input.from, to: input.to }
        : { is: 'live', since: input.at };
    case 'caught_up':
      return state.is === 'catching_up' ? { is: 'live', since: input.at } : state;
    case 'lost':
      // A second report of the same loss must not move the time of the next attempt.
      return state.is === 'offline'
        ? state
        : { is: 'offline', reason: input.reason, retryAt: input.retryAt, attempt: input.attempt };
    case 'close':
      return { is: 'closed', reason: input.reason };
  }
}
