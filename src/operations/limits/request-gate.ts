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
/** Never turned away: supervisors ask for these. Handshakes have limits of their own. */
const exempt = /^\/(health\/|metrics\b|socket\.io\/)/;

type Listener = (...args: unknown[]) => void;

/**
 * Stands before Express and Engine.IO and turns away, before any work, what floods would otherwise cost: pipelined
 * requests beyond the limit, callers that were refused too often, upgrades that are not supported.
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

  /** To be called when every other listener is attached. */
  guard(server: Server): void {
    const onRequest = takeListeners(server, 'request');
    server.on('request', (request, response) => {
      if (this.#admit(request, response)) for (const pass of onRequest) pass(request, response);
    });
    const onUpgrade = takeListeners(server, 'upgrade');
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const problem = this.#upgradeProblem(request);
      if (problem) refuseRaw(socket, problem);
      else for (const pass of onUpgrade) pass(request, socket, head);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      // Within another answer, an error would be taken for a part of it.
      if (!socket.writable || this.pipelines.isAnswering(socket as Socket)) socket.destroy();
      else refuseRaw(socket, unparsed(error));
    });
  }

  #admit(request: IncomingMessage, response: ServerResponse): boolean {
    switch (this.pipelines.admit(request, response)) {
      case 'ignore':
        return false;
      case 'refuse':
        this.refusals.countTurnedAway(this.addresses.key(request));
        refuse(
          response,
          new RateLimited(`At most ${maxInFlight} requests of a connection at once; read the answers.`, 1000),
        );
        return false;
      case 'pass':
        break;
    }
    const address = this.addresses.key(request);
    const blockedMs = exempt.test(request.url ?? '') ? undefined : this.#blockedMs(request, address);
    if (blockedMs !== undefined) {
      this.refusals.countTurnedAway(address);
      refuse(
        response,
        new RateLimited('Too many refused requests; wait as long as Retry-After says.', blockedMs),
      );
      return false;
    }
    response.once('finish', () => this.#answered(request, response, address));
    this.bodies.watch(request, response);
    return true;
  }

  /** Others behind a blocked address go on with their tokens, each of whom is counted for themselves. */
  #blockedMs(request: IncomingMessage, address: string): number | undefined {
    const blockedMs = this.refusals.blockedMs(address);
    if (blockedMs === undefined) return undefined;
    const userId = this.sessions.signedFor(tokenOf(request));
    return userId === undefined ? blockedMs : this.refusals.blockedMs(`user:${userId}`);
  }

  #answered(request: IncomingMessage, { statusCode }: ServerResponse, address: string): void {
    if (statusCode === 429) this.refusals.countTurnedAway(address);
    if (statusCode !== 401 && statusCode !== 404) return;
    const userId =
      (request as AuthenticatedRequest).caller?.user.id ?? this.sessions.signedFor(tokenOf(request));
    this.refusals.count(userId === undefined ? address : `user:${userId}`);
  }

  #upgradeProblem(request: IncomingMessage): Problem | undefined {
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    if (isWebSocket && request.url?.startsWith(socketPath)) return undefined;
    const address = this.addresses.key(request);
    const blockedMs = this.refusals.blockedMs(address);
    if (blockedMs !== undefined) {
      this.refusals.countTurnedAway(address);
      return new RateLimited('Too many refused requests; wait as long as Retry-After says.', blockedMs);
    }
    this.refusals.count(address);
    return isWebSocket
      ? new Problem('not_found', `There is no WebSocket at this path; it is at ${socketPath}.`)
      : new Problem('malformed', 'Only WebSocket can be upgraded to; send the request without "Upgrade".');
  }
}

function takeListeners(server: Server, event: string): Listener[] {
  const listeners = server.listeners(event) as Listener[];
  server.removeAllListeners(event);
  return listeners.map((listener) => listener.bind(server));
}

/** The token of a request, from wherever it may stand. */
function tokenOf({ headers, url }: IncomingMessage): string {
  const bearer = /^Bearer +([^\s]+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? /[?&]media_token=([^&]+)/.exec(url ?? '')?.[1] ?? '';
}

function unparsed({ code }: NodeJS.ErrnoException): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Problem('request_timeout', 'The request did not arrive in time.');
  }
  if (code === 'HPE_HEADER_OVERFLOW' || code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return new Problem('payload_too_large', 'The headers are larger than is taken here.');
  }
  return new Problem('malformed', 'This is not an HTTP/1.1 request.');
}
