import type { Socket } from 'socket.io';
import type { Caller } from '../auth/caller.js';
import type { RoomEvent } from '../contract/index.js';
import { seal } from '../events/envelope.js';
import { encodeFrame, type Frame } from './frame.js';
import { onAcknowledgement, writeFrame } from './socket-internals.js';

/**
 * Where a connection stands. Joining: live events wait until it has the state and what it missed. Live: events
 * later than `after` go out as they come. Closing: it has had its last event.
 */
type State =
  | { kind: 'joining'; waiting: RoomEvent[] }
  | { kind: 'live'; after: number }
  | { kind: 'closing'; closesAt: number };

/** How long the last event may take to be confirmed before the socket is closed, in seconds. */
const lastWordSeconds = 2;

/** One socket in one namespace, and what it is to be sent. */
export class Connection {
  #state: State;
  /** Critical events that it has not confirmed, by the number of their acknowledgement. */
  readonly #outstanding = new Map<number, RoomEvent>();
  /** The client's last report of its playback, as it was sent. */
  report: unknown;

  constructor(
    readonly socket: Socket,
    readonly caller: Caller,
    private readonly now: () => number,
    options: { joining: boolean },
  ) {
    this.#state = options.joining ? { kind: 'joining', waiting: [] } : { kind: 'live', after: 0 };
    onAcknowledgement(socket, (id) => this.#confirmed(id));
    // A packet that breaks the protocol closes the connection; without a listener it would end the process.
    socket.on('error', () => undefined);
  }

  get id(): string {
    return this.socket.id;
  }

  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** A live event, in the order of the room. `frame` encodes it once for everyone. */
  offer(event: RoomEvent, frame: () => Frame): void {
    const state = this.#state;
    switch (state.kind) {
      case 'joining':
        state.waiting.push(event);
        return;
      case 'live':
        if (event.metadata.sequence !== undefined && event.metadata.sequence <= state.after) return;
        this.#write(event, frame());
        return;
      case 'closing':
        return;
    }
  }

  /**
   * The state, what was missed, and what came meanwhile, in this order and without a gap; live from here on.
   * @param sequence of the newest event in the state
   */
  establish(established: RoomEvent<'connection_established'>, missed: RoomEvent[], sequence: number): void {
    if (this.#state.kind !== 'joining') return;
    const { waiting } = this.#state;
    this.#state = { kind: 'live', after: sequence };
    this.sendAlone(established);
    for (const event of missed) this.sendAlone(event);
    for (const event of waiting) {
      this.offer(event, () => this.#encode(event));
    }
  }

  /** An event for this connection alone. */
  sendAlone(event: RoomEvent): void {
    this.#write(event, this.#encode(event));
  }

  /** Nothing goes out any more; the socket closes once the last event is confirmed, or has had its time. */
  closeAfterLastWord(): void {
    if (this.#state.kind === 'closing') return;
    this.#state = { kind: 'closing', closesAt: this.now() + lastWordSeconds };
  }

  /** Closes the socket where its time has come. */
  sweep(now: number): void {
    if (this.#state.kind === 'closing' && now >= this.#state.closesAt) this.close();
  }

  close(): void {
    this.#outstanding.clear();
    this.socket.disconnect();
  }

  #write(event: RoomEvent, frame: Frame): void {
    if (event.metadata.requires_confirmation) this.#outstanding.set(ackIdOf(event), event);
    writeFrame(this.socket, frame);
  }

  #encode(event: RoomEvent): Frame {
    return encodeEvent(this.socket.nsp.name, event, this.now());
  }

  #confirmed(ackId: number): void {
    if (!this.#outstanding.delete(ackId)) return;
    if (this.#state.kind === 'closing' && this.#outstanding.size === 0) this.close();
  }
}

/** An event as it goes out now, asking for a confirmation where it needs one. */
export const encodeEvent = (namespace: string, event: RoomEvent, now: number): Frame =>
  encodeFrame(namespace, seal(event, now), event.metadata.requires_confirmation ? ackIdOf(event) : undefined);

/** A logged event's place is unique in its namespace, and so is the number of its acknowledgement. */
const lobbyAckIds = new WeakMap<RoomEvent, number>();
let lastLobbyAckId = 0;
function ackIdOf(event: RoomEvent): number {
  if (event.metadata.sequence !== undefined) return event.metadata.sequence;
  let id = lobbyAckIds.get(event);
  if (id === undefined) lobbyAckIds.set(event, (id = ++lastLobbyAckId));
  return id;
}
