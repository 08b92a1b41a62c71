import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers';
import { Injectable } from '@nestjs/common';
import type { AuthenticatedRequest } from '../../auth/caller.js';
import { requestToken } from '../../auth/request-token.js';
import { SessionsService } from '../../auth/sessions.service.js';
import { addressKey, ClientAddresses } from '../../config/client-addresses.js';
import { Problem, RateLimited } from '../../errors/problem.js';
import { EarlyChecks } from '../../limits/early-checks.js';
import { Refusals } from '../../limits/refusals.js';
import { refuse, refuseRaw } from './answers.js';
import { exempt } from './exempt-paths.js';
import { maxInFlight, Pipelines } from './pipelines.js';
import { hasBody, RequestBodies } from './request-bodies.js';

const socketPath = '/socket.io/';
const blockedDelayMs = 1000;
/** Answers that are counted as refusals. */
const refusals: ReadonlySet<number> = new Set([401, 404]);
/** Counted too if the caller is not known: these may come from parsers, which run before the limits of a route. */
const anonymousRefusals: ReadonlySet<number> = new Set([400, 401, 404, 415, 422]);

type Listener = (...args: unknown[]) => void;
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const tooManyPipelined = () =>
  new RateLimited(
    `At most ${maxInFlight} requests may be in flight on a connection; read the answers first.`,
    1000,
  );

/**
 * Runs before Express and Engine.IO and refuses requests before they cost any work: pipelined requests beyond the limit,
 * requests of blocked callers or beyond the limits of `EarlyChecks`, unsupported upgrades.
 */
@Injectable()
export class RequestGate {
  constructor(
    private readonly pipelines: Pipelines,
    private readonly refusals: Refusals,
    private readonly bodies: RequestBodies,
    private readonly addresses: ClientAddresses,
    private readonly sessions: SessionsService,
    private readonly earlyChecks: EarlyChecks,
  ) {}

  /** Wraps the server's listeners. To be called after every other listener is attached. */
  guard(server: Server): void {
    const onRequest = takeListeners(server, 'request');
    const inTurn = (start: Handler) => (request: IncomingMessage, response: ServerResponse) => {
      const address = this.addresses.key(request);
      this.pipelines.admit(request, response, {
        // Requests without a valid token are those of their address.
        caller: () => ({ group: address, key: this.#userIdOf(request) ?? address }),
        start: () => start(request, response),
        refuse: () => refuse(response, tooManyPipelined()),
        flooded: () => this.refusals.countFlood(address),
      });
    };
    const admit: Handler = (request, response) => {
      if (this.#admit(request, response)) for (const listener of onRequest) listener(request, response);
    };
    server.on('request', inTurn(admit));
    // Without these listeners Node answers both expectations itself, past all limits.
    server.on(
      'checkContinue',
      inTurn((request, response) => {
        response.writeContinue();
        admit(request, response);
      }),
    );
    server.on(
      'checkExpectation',
      inTurn((request, response) => {
        this.refusals.count(this.addresses.key(request));
        refuse(
          response,
          new Problem('malformed', 'Of expectations only "Expect: 100-continue" is supported.'),
        );
      }),
    );
    server.on('connection', (socket: Socket) => {
      this.pipelines.accepted();
      this.#delayIfBlocked(socket);
    });
    const onUpgrade = takeListeners(server, 'upgrade');
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const problem = this.#upgradeProblem(request);
      if (problem) refuseRaw(socket, problem);
      else for (const listener of onUpgrade) listener(request, socket, head);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      // While another answer is being written, the client would read the error as part of it.
      if (!socket.writable || this.pipelines.isAnswering(socket as Socket)) socket.destroy();
      else refuseRaw(socket, parseProblem(error));
    });
  }

  /**
   * Reads a new connection of a blocked address a moment later: parsing its requests costs time even if all of them are
   * refused. Others behind the same address are not refused, and their existing connections are not delayed.
   */
  #delayIfBlocked(socket: Socket): void {
    if (this.refusals.blockedMs(addressKey(socket.remoteAddress)) === undefined) return;
    // Node's parser reads from the handle itself, past the paused stream, until there is another listener.
    socket.on('data', () => undefined).pause();
    setTimeout(() => socket.resume(), blockedDelayMs).unref();
  }

  #admit(request: IncomingMessage, response: ServerResponse): boolean {
    const address = this.addresses.key(request);
    const blockedMs = exempt.test(request.url ?? '') ? undefined : this.#blockedMs(request, address);
    if (blockedMs !== undefined) {
      this.refusals.countRejected(address);
      refuse(
        response,
        new RateLimited('Too many refused requests; try again after Retry-After seconds.', blockedMs),
      );
      return false;
    }
    const problem = this.earlyChecks.problemOf(request);
    if (problem) {
      if (problem.status === 429) this.refusals.countRejected(address);
      // A client that still sends its body would lose the answer with the connection.
      this.bodies.watch(request, response);
      refuse(response, problem, { keepsConnection: hasBody(request) });
      return false;
    }
    response.once('finish', () => this.#answered(request, response, address));
    this.bodies.watch(request, response);
    return true;
  }

  /** A request with a valid token is blocked by its user's refusals, not by those of its address, which others share. */
  #blockedMs(request: IncomingMessage, address: string): number | undefined {
    const blockedMs = this.refusals.blockedMs(address);
    if (blockedMs === undefined) return undefined;
    const owner = this.sessions.ownerBySignature(requestToken(request));
    if (owner === undefined) return blockedMs;
    return this.refusals.blockedMs(owner.tokenKey) ?? this.refusals.blockedMs(`user:${owner.userId}`);
  }

  #userIdOf(request: IncomingMessage): string | undefined {
    const token = requestToken(request);
    return token === '' ? undefined : this.sessions.userIdBySignature(token);
  }

  #answered(request: IncomingMessage, { statusCode }: ServerResponse, address: string): void {
    if (statusCode === 429) this.refusals.countRejected(address);
    const userId = (request as AuthenticatedRequest).caller?.user.id;
    if (!(userId === undefined ? anonymousRefusals : refusals).has(statusCode)) return;
    if (userId !== undefined) {
      this.refusals.count(`user:${userId}`);
      return;
    }
    this.refusals.count(address);
    // The token may be revoked, or not be meant for this: whoever has it must not block the user that it names.
    const owner = this.sessions.ownerBySignature(requestToken(request));
    if (owner) this.refusals.count(owner.tokenKey);
  }

  #upgradeProblem(request: IncomingMessage): Problem | undefined {
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    if (isWebSocket && request.url?.startsWith(socketPath)) return undefined;
    const address = this.addresses.key(request);
    const blockedMs = this.refusals.blockedMs(address);
    if (blockedMs !== undefined) {
      this.refusals.countRejected(address);
      return new RateLimited('Too many refused requests; try again after Retry-After seconds.', blockedMs);
    }
    this.refusals.count(address);
    return isWebSocket
      ? new Problem('not_found', `WebSockets are served only at ${socketPath}.`)
      : new Problem(
          'malformed',
          'Only upgrades to WebSocket are supported; send the request without "Upgrade".',
        );
  }
}

function takeListeners(server: Server, event: string): Listener[] {
  const listeners = server.listeners(event) as Listener[];
  server.removeAllListeners(event);
  return listeners.map((listener) => listener.bind(server));
}

function parseProblem({ code }: NodeJS.ErrnoException): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Problem('request_timeout', 'The request did not arrive in time.');
  }
  if (code === 'HPE_HEADER_OVERFLOW' || code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return new Problem('payload_too_large', 'The headers are larger than allowed.');
  }
  return new Problem('malformed', 'This is not an HTTP/1.1 request.');
}
