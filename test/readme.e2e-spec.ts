import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Server } from 'socket.io';
import { eventually } from './support/listener.js';

/**
 * The listener that README shows, run as it is printed, against a server that loses an event as an HTTP stack may on
 * long polling.
 */
let http: HttpServer;
let io: Server;
let client: ChildProcess | undefined;

beforeEach(async () => {
  http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  io = new Server(http);
});
afterEach(async () => {
  client?.kill('SIGKILL');
  await io.close();
});

it('the listener in README reconnects for a lost event, and confirms only events that it applied', async () => {
  const handshakes: unknown[] = [];
  const confirmed: number[] = [];
  io.of('/rooms/room').on('connection', (socket) => {
    const { after_sequence: after } = socket.handshake.auth as { after_sequence?: number };
    handshakes.push(after);
    const send = (type: string, sequence: number | undefined, data: object = {}) =>
      socket.emit(type, { data, metadata: { sequence } }, () => confirmed.push(sequence!));
    send('connection_established', undefined, { sequence: after ?? 10, resumed: after !== undefined });
    const events = after === undefined ? [11, 13] : [12, 12, 13];
    for (const sequence of events) send('user_joined', sequence);
  });
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```js\n(import \{ io \}.*?)```/s.exec(readme)![1]!;
  const file = join(process.env['ROOMCAST_TEST_BUILD']!, `readme-${process.pid}.mjs`);
  await writeFile(file, code);
  const { port } = http.address() as { port: number };
  client = spawn(process.execPath, [file, `http://127.0.0.1:${port}`, 'token', 'room']);
  let output = '';
  client.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  client.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()));

  await eventually(() => /^13 /m.test(output), 'the last event', 20_000);
  expect(handshakes).toEqual([undefined, 11]);
  expect(output.match(/^\d+/gm)).toEqual(['11', '12', '13']);
  await eventually(() => confirmed.includes(13));
  // Retries are confirmed again; the event after the gap was not confirmed.
  expect(confirmed.filter((sequence) => sequence !== undefined)).toEqual([11, 12, 12, 13]);
});
