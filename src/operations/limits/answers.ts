import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Problem, RateLimited } from '../../errors/problem.js';

/** Headers of refusals that do not go through Express. */
const headersOf = (problem: Problem, body: string): Record<string, string | number> => ({
  'Content-Type': 'application/json; charset=utf-8',
  'Content-Length': Buffer.byteLength(body),
  'Cache-Control': 'no-store',
  ...(problem instanceof RateLimited ? { 'Retry-After': problem.retryAfterSeconds } : {}),
});

/** Answers a request with an error outside Express; the connection closes after it, unless `keepsConnection`. */
export function refuse(
  response: ServerResponse,
  problem: Problem,
  { keepsConnection = false }: { keepsConnection?: boolean } = {},
): void {
  const body = JSON.stringify({ error: problem.body });
  if (!keepsConnection) response.setHeader('Connection', 'close');
  response.writeHead(problem.status, headersOf(problem, body)).end(body);
}

const ignore = (): void => undefined;

/** Like `refuse`, if Node has no response object: for upgrade requests, and for requests that it could not parse. */
export function refuseRaw(socket: Duplex, problem: Problem): void {
  // Node has removed its own listener; without one, an error of the socket would end the process.
  socket.on('error', ignore);
  const body = JSON.stringify({ error: problem.body });
  const headers = Object.entries({ ...headersOf(problem, body), Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const { status } = problem;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}
