import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { clean, DelayProxy } from './delay-proxy.mjs';

/** A server that notes when each message of 8 bytes arrives, and sends it back. */
async function echoServer() {
  const arrivals = new Map();
  const server = createServer({ noDelay: true }, (socket) => {
    eachMessage(socket, (message) => {
      arrivals.set(message, performance.now());
      socket.write(message);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, arrivals, close: () => server.close() };
}

function eachMessage(socket, take) {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
    for (; text.length >= 8; text = text.slice(8)) take(text.slice(0, 8));
  });
}

/** Sends messages at intervals of 3 ms; their delays there and back, in ms, and the order in which they returned. */
async function measure(path, seed, count = 60) {
  const server = await echoServer();
  const proxy = await DelayProxy.start(server.port, path, seed);
  const socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const sent = new Map();
  const returned = new Map();
  const all = new Promise((resolve) => {
    eachMessage(socket, (message) => {
      returned.set(message, performance.now());
      if (returned.size === count) resolve();
    });
  });
  let number = 0;
  const timer = setInterval(() => {
    const message = String(number).padStart(8, '0');
    sent.set(message, performance.now());
    socket.write(message);
    number += 1;
    if (number === count) clearInterval(timer);
  }, 3);
  await all;
  socket.destroy();
  await proxy.close();
  server.close();
  const there = [...sent].map(([message, at]) => server.arrivals.get(message) - at);
  const back = [...sent.keys()].map((message) => returned.get(message) - server.arrivals.get(message));
  return { there, back, order: [...returned.keys()], sent: [...sent.keys()] };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
/** Timers of a busy machine are late. */
const slackMs = 15;

describe('the proxy', () => {
  const closing = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  test('delays each direction by its own time', async () => {
    const path = { there: { delayMs: 40, jitterMs: 0 }, back: { delayMs: 5, jitterMs: 0 } };
    const { there, back } = await measure(path, 1);
    expect(Math.min(...there)).toBeGreaterThanOrEqual(40);
    expect(median(there)).toBeLessThan(40 + slackMs);
    expect(Math.min(...back)).toBeGreaterThanOrEqual(5);
    expect(median(back)).toBeLessThan(5 + slackMs);
  });

  test('jitters within its bounds and keeps the order', async () => {
    const path = { there: { delayMs: 30, jitterMs: 25 }, back: { delayMs: 0, jitterMs: 0 } };
    const { there, order, sent } = await measure(path, 2);
    expect(order).toEqual(sent);
    expect(Math.min(...there)).toBeGreaterThanOrEqual(5);
    // What follows a late message waits for it, so that the median is above the mean delay.
    expect(Math.max(...there) - Math.min(...there)).toBeGreaterThan(15);
    expect(median(there)).toBeLessThan(55 + slackMs);
  });

  test('adds next to nothing on a clean path', async () => {
    const { there, back } = await measure(clean, 3);
    expect(median(there)).toBeLessThan(2);
    expect(median(back)).toBeLessThan(2);
  });

  test('passes on large data completely, and the end behind it', async () => {
    const bytes = Buffer.alloc(10_000_000, 'roomcast');
    const server = createServer((socket) => socket.end(bytes));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const path = { there: clean.there, back: { delayMs: 20, jitterMs: 10 } };
    const proxy = await DelayProxy.start(server.address().port, path, 4);
    closing.push(
      () => proxy.close(),
      () => server.close(),
    );
    const socket = connect({ port: proxy.port, host: '127.0.0.1' });
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    await once(socket, 'end');
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    socket.destroy();
  });

  test('closes the other side when one side breaks off', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = await DelayProxy.start(server.address().port, clean, 5);
    closing.push(
      () => proxy.close(),
      () => server.close(),
    );
    const socket = connect({ port: proxy.port, host: '127.0.0.1' });
    const [accepted] = await once(server, 'connection');
    accepted.on('error', () => undefined);
    const closed = once(accepted, 'close');
    socket.resetAndDestroy();
    await closed;
  });
});
