import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { AuthenticatedRequest } from '../../auth/caller.js';
import { SessionsService } from '../../auth/sessions.service.js';
import { ClientAddresses } from '../../config/client-addresses.js';
import { Problem, RateLimited } from '../../errors/problem.js';
import { Refusals } from '../../limits/refusals.js';
import { refuse, refuseRaw } from './answers.js';
import { maxInFlight, Pipelines } from './pipelines.js';
import { RequestBodies } from './request-bodies.js';

const socketPath = '/socket.io/';
/** Never refused here: supervisors request health and metrics, and handshakes have their own limits. */
const exempt = /^\/(health\/|metrics\b|socket\.io\/)/;

type Listener = (...args: unknown[]) => void;

/**
 * Runs before Express and Engine.IO and refuses requests before they cost any work: pipelined requests beyond the limit,
 * requests of blocked callers, unsupported upgrades.
 */
@Injectable()
export class RequestGate {
  constructor(
    private readonly pipelines: Pipelines,
    private readonly refusals: Refusals,
    private readonly bodies: RequestBodies,
    private readonly addresses: ClientAddresses,
    private readonly sessions: SessionsService,
  ) {}

  /** Wraps the server's listeners. To be called after every other listener is attached. */
  guard(server: Server): void {
    const onRequest = takeListeners(server, 'request');
    server.on('request', (request, response) => {
      if (this.#admit(request, response)) for (const listener of onRequest) listener(request, response);
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

  #admit(request: IncomingMessage, response: ServerResponse): boolean {
    switch (this.pipelines.admit(request, response)) {
      case 'ignore':
        return false;
      case 'refuse':
        this.refusals.countRejected(this.addresses.key(request));
        refuse(
          response,
          new RateLimited(
            `At most ${maxInFlight} requests may be in flight on a connection; read the answers first.`,
            1000,
          ),
        );
        return false;
      case 'pass':
        break;
    }
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
    response.once('finish', () => this.#answered(request, response, address));
    this.bodies.watch(request, response);
    return true;
  }

  /** A request with a valid token is blocked by its user's refusals, not by those of its address, which others share. */
  #blockedMs(request: IncomingMessage, address: string): number | undefined {
    const blockedMs = this.refusals.blockedMs(address);
    if (blockedMs === undefined) return undefined;
    const userId = this.sessions.userIdBySignature(tokenOf(request));
    return userId === undefined ? blockedMs : this.refusals.blockedMs(`user:${userId}`);
  }

  #answered(request: IncomingMessage, { statusCode }: ServerResponse, address: string): void {
    if (statusCode === 429) this.refusals.countRejected(address);
    if (statusCode !== 401 && statusCode !== 404) return;
    const userId =
      (request as AuthenticatedRequest).caller?.user.id ?? this.sessions.userIdBySignature(tokenOf(request));
    this.refusals.count(userId === undefined ? address : `user:${userId}`);
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

/** The token of a request, from its header or its query. */
function tokenOf({ headers, url }: IncomingMessage): string {
  const bearer = /^Bearer +([^\s]+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? /[?&]media_token=([^&]+)/.exec(url ?? '')?.[1] ?? '';
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
