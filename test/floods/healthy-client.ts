import { type Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import type { Envelope } from '../../src/contract/index.js';

/** What a healthy client is given. */
export interface HealthyPerson {
  token: string;
  /** The administrator pauses and resumes; the others vote for this track and take the vote back. */
  does: { kind: 'pauses' } | { kind: 'votes'; trackId: string };
}

export interface Place {
  port: number;
  roomId: string;
  /** A track whose beginning is read as a listener's media element does. */
  streamId: string;
}

/** Durations in milliseconds, by what was done; started between two moments. */
export interface Samples {
  timeSync: number[];
  command: number[];
  stream: number[];
  /** Commands and reads that were not answered with success. */
  failed: number;
}

const timeSyncMs = 500;
const commandMs = 2000;
const streamMs = 1000;
const streamBytes = 65_536;
/** What has not been answered by then counts as having taken this long, and as failed. */
const giveUpMs = 30_000;

const emptySamples = (): Samples => ({ timeSync: [], command: [], stream: [], failed: 0 });

/**
 * A listener as they are: Socket.IO's client, which confirms every critical event and comes back with its last
 * sequence; keeps the clock, commands now and then, reads the audio. Does so at fixed times, whether or not the
 * last answer has come, so that a server that stalls is not measured less often.
 */
export class HealthyClient {
  readonly socket: Socket;
  samples = emptySamples();
  disconnects = 0;
  resets = 0;
  lost = 0;
  doubled = 0;
  retries = 0;
  last: number | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #undo = false;
  #lastCommand: Promise<void> = Promise.resolve();

  constructor(
    private readonly place: Place,
    private readonly person: HealthyPerson,
    private readonly agent: Agent,
  ) {
    this.socket = io(`http://127.0.0.1:${place.port}/rooms/${place.roomId}`, {
      auth: (give) =>
        give({ token: person.token, ...(this.last === undefined ? {} : { after_sequence: this.last }) }),
      transports: ['websocket'],
      forceNew: true,
    });
    this.socket.onAny((_type: string, event: Envelope, confirm?: () => void) => {
      confirm?.();
      this.#take(event);
    });
    this.socket.on('disconnect', () => (this.disconnects += 1));
  }

  /** @param phase from 0 to 1: where in the interval it begins, so that clients do not act at the same moment */
  begin(phase: number): void {
    const repeat = (ms: number, work: () => Promise<void>) => {
      const start = setTimeout(() => {
        this.#timers.push(setInterval(() => this.#start(work), ms));
      }, phase * ms);
      this.#timers.push(start);
    };
    repeat(timeSyncMs, () => this.#timeSync());
    repeat(commandMs, () => this.#command());
    repeat(streamMs, () => this.#stream());
  }

  /** What was begun since the last call, once all of it has ended. */
  async take(): Promise<Samples> {
    const { samples } = this;
    const begun = [...this.#underWay];
    this.samples = emptySamples();
    await Promise.all(begun);
    return samples;
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.socket.disconnect();
  }

  #take(event: Envelope): void {
    const { sequence, retry_count } = event.metadata;
    if (event.type === 'connection_established') {
      const { data } = event;
      if (data.resumed) return;
      if (this.last !== undefined) this.resets += 1;
      this.last = data.sequence;
    } else if (sequence !== undefined && this.last !== undefined) {
      if (sequence > this.last) {
        this.lost += sequence - this.last - 1;
        this.last = sequence;
      } else if (retry_count > 0) this.retries += 1;
      else this.doubled += 1;
    }
  }

  #start(work: () => Promise<void>): void {
    const { samples } = this;
    const running = work().catch(() => void (samples.failed += 1));
    this.#underWay.add(running);
    void running.finally(() => this.#underWay.delete(running));
  }

  async #timeSync(): Promise<void> {
    await timed(this.samples.timeSync, () => this.socket.timeout(giveUpMs).emitWithAck('time_sync', {}));
  }

  /** A command waits for the one before, as pausing and resuming must not change places; the wait counts. */
  async #command(): Promise<void> {
    const { does } = this.person;
    const undo = this.#undo;
    this.#undo = !undo;
    const [method, path] =
      does.kind === 'pauses'
        ? ['POST', `/api/rooms/${this.place.roomId}/playback/${undo ? 'resume' : 'pause'}`]
        : [undo ? 'DELETE' : 'POST', `/api/tracks/${does.trackId}/vote`];
    await timed(this.samples.command, () => {
      const answered = this.#lastCommand.then(() => this.#request(method, path));
      this.#lastCommand = answered.catch(() => undefined);
      return answered;
    });
  }

  async #stream(): Promise<void> {
    const range = `bytes=0-${streamBytes - 1}`;
    const path = `/api/tracks/${this.place.streamId}/stream`;
    await timed(this.samples.stream, () => this.#request('GET', path, { range }));
  }

  #request(method: string, path: string, headers: Record<string, string> = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const { agent, place, person } = this;
      const asked = request(
        {
          ...{ method, path, agent, host: '127.0.0.1', port: place.port, timeout: giveUpMs },
          headers: { ...headers, authorization: `Bearer ${person.token}` },
        },
        (response) => {
          const { statusCode = 0 } = response;
          response.resume();
          response.on('error', reject);
          response.on('end', () => (statusCode < 300 ? resolve() : reject(new Error(String(statusCode)))));
        },
      );
      asked.on('timeout', () => asked.destroy(new Error('timeout')));
      asked.on('error', reject);
      asked.end();
    });
  }
}

async function timed(into: number[], work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  const gaveUp = new AbortController();
  try {
    await Promise.race([work(), rejectAfter(giveUpMs, gaveUp.signal)]);
  } finally {
    gaveUp.abort();
    into.push(performance.now() - began);
  }
}

async function rejectAfter(ms: number, signal: AbortSignal): Promise<never> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  throw new Error('no answer');
}
