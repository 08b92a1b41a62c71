import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Problem, RateLimited } from '../../errors/problem.js';

/** Headers of answers that are given before, or instead of, a route's. */
const headersOf = (problem: Problem, body: string): Record<string, string | number> => ({
  'Content-Type': 'application/json; charset=utf-8',
  'Content-Length': Buffer.byteLength(body),
  'Cache-Control': 'no-store',
  Connection: 'close',
  ...(problem instanceof RateLimited ? { 'Retry-After': problem.retryAfterSeconds } : {}),
});

/** Answers a request outside of Express, in the contract's form; the connection closes after it. */
export function refuse(response: ServerResponse, problem: Problem): void {
  const body = JSON.stringify({ error: problem.body });
  response.writeHead(problem.status, headersOf(problem, body)).end(body);
}

const ignore = (): void => undefined;

/** The same where Node has no response object: for requests to upgrade and requests that it could not parse. */
export function refuseRaw(socket: Duplex, problem: Problem): void {
  // Node has taken its own listener off; an error without one would end the process.
  socket.on('error', ignore);
  const body = JSON.stringify({ error: problem.body });
  const headers = Object.entries(headersOf(problem, body)).map(([name, value]) => `${name}: ${value}\r\n`);
  const { status } = problem;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}
