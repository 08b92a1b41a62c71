import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { attackerAddress, type Attempt, occurrences } from './attack.js';

/** A TCP connection of the attacker that ends with the attack. */
export async function openTcp({ target, counts, signal }: Attempt): Promise<Socket> {
  const socket = connect({ port: target.port, host: '127.0.0.1', localAddress: attackerAddress });
  const destroy = () => socket.destroy();
  signal.addEventListener('abort', destroy);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    signal.removeEventListener('abort', destroy);
    if (!signal.aborted) counts.closed += 1;
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('close', () => reject(new Error('closed')));
  });
  return socket;
}

/** The bytes of a request without a body. */
export const get = (path: string, token?: string): Buffer =>
  Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${token ? `Authorization: Bearer ${token}\r\n` : ''}\r\n`,
  );

/**
 * Writes `count` requests at once and resolves when each has its answer, whose content is dropped. Rejects when
 * the connection closes before that.
 */
export async function pipeline(socket: Socket, one: Buffer, count: number, attempt: Attempt): Promise<void> {
  const { counts } = attempt;
  counts.sent += count;
  let answers = 0;
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      answers += occurrences(chunk, 'HTTP/1.1 ');
      counts.refused += occurrences(chunk, 'HTTP/1.1 429') + occurrences(chunk, 'HTTP/1.1 503');
      if (answers >= count) end(resolve);
    };
    const close = () => end(() => reject(new Error('closed')));
    const end = (settle: () => void) => {
      socket.off('data', read).off('close', close);
      settle();
    };
    socket.on('data', read).on('close', close);
    socket.write(Buffer.concat(Array.from({ length: count }, () => one)));
  });
}

export type Send = (
  method: string,
  path: string,
  content?: { token?: string; type: string; body: string },
) => Promise<{ status: number; body: string }>;

/** Requests whose answers are read, over so many connections that are kept. Refusals are counted. */
export function client({ target, counts, signal }: Attempt, maxSockets: number): Send {
  const agent = new Agent({ keepAlive: true, maxSockets, localAddress: attackerAddress });
  signal.addEventListener('abort', () => agent.destroy());
  return async (method, path, content) => {
    const asked = request({
      ...{ method, path, agent, signal, host: '127.0.0.1', port: target.port },
      headers: {
        ...(content
          ? { 'content-type': content.type, 'content-length': Buffer.byteLength(content.body) }
          : {}),
        ...(content?.token ? { authorization: `Bearer ${content.token}` } : {}),
      },
    });
    counts.sent += 1;
    asked.end(content?.body);
    const [response] = await once(asked, 'response');
    let body = '';
    for await (const chunk of response) body += String(chunk);
    const status: number = response.statusCode;
    if (status === 429 || status === 503) counts.refused += 1;
    return { status, body };
  };
}
