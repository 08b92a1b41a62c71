// Lets three users listen together in a room of a running server:
//   npm run demo -- http://localhost:3000
// Prints each event once, with the listeners that received it. Exits with 0 if all three received the same events in
// the same order.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { io } from 'socket.io-client';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' } },
});
if (values.help) {
  console.log('usage: npm run demo -- [address of a running server, http://localhost:3000 if not given]');
  process.exit(0);
}
const url = (positionals[0] ?? 'http://localhost:3000').replace(/\/$/, '');
const names = ['Ada', 'Bob', 'Cleo'];
const files = ['tagged.mp3', 'tagged.m4a', 'tagged.flac'];
const timeoutMs = 10_000;

/** The logged events that each user has received, in order. */
const seen = new Map(names.map((name) => [name, []]));
const sockets = [];
let waiting = [];

try {
  await requireServer();
  const [ada, bob, cleo] = await Promise.all(names.map(signIn));
  const { room } = await call(ada, 'POST', '/rooms', { name: 'Demo' });
  for (const user of [bob, cleo]) await call(user, 'POST', `/rooms/${room.id}/join`);
  console.log(`${url}  room "${room.name}" ${room.id}\n`);
  console.log(`  seq  ${names.map((name) => name.padEnd(5)).join('')} event`);
  for (const user of [ada, bob, cleo]) await listen(user, room.id);

  // The first track starts by itself, because nothing is playing.
  const tracks = [];
  for (const [index, file] of files.entries())
    tracks.push(await upload([ada, bob, cleo][index], room.id, file));
  await call(ada, 'POST', `/tracks/${tracks[2].id}/vote`);
  await call(bob, 'POST', `/tracks/${tracks[2].id}/vote`);
  await call(cleo, 'POST', `/tracks/${tracks[1].id}/vote`);
  // Play a moment before the next command; shorter than the track.
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const command of ['pause', 'resume', 'skip', 'pause', 'stop', 'start', 'stop']) {
    await call(ada, 'POST', `/rooms/${room.id}/playback/${command}`);
  }
  const { sequence } = await call(ada, 'GET', `/rooms/${room.id}`);
  await until(
    () => names.every((name) => seen.get(name).at(-1)?.metadata.sequence >= sequence),
    `event ${sequence}`,
  );
  report(sequence);
  for (const socket of sockets) socket.offAny();
  await call(ada, 'DELETE', `/rooms/${room.id}`);
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
} finally {
  for (const socket of sockets) socket.disconnect();
}

async function requireServer() {
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5000) }).catch(
    () => undefined,
  );
  if (!answer) throw new Error(`No server answers at ${url}. Start it first: npm start`);
  if (!answer.ok) throw new Error(`The server at ${url} is not ready: ${await answer.text()}`);
}

async function signIn(username) {
  const { token } = await call(undefined, 'POST', '/auth/guest', { username });
  return { username, token };
}

async function upload(user, roomId, file) {
  const form = new FormData();
  const bytes = await readFile(new URL(`../test/fixtures/${file}`, import.meta.url));
  form.append('audio_file', new Blob([bytes]), file);
  const { track } = await call(user, 'POST', `/rooms/${roomId}/tracks`, form);
  return track;
}

async function call(user, method, path, body) {
  const isForm = body instanceof FormData;
  const response = await fetch(`${url}/api${path}`, {
    method,
    headers: {
      ...(user ? { authorization: `Bearer ${user.token}` } : {}),
      ...(body && !isForm ? { 'content-type': 'application/json' } : {}),
    },
    body: isForm ? body : body && JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.error?.message}`);
  return answer;
}

function listen({ username, token }, roomId) {
  const auth = { token, state: 'when_needed' };
  const socket = io(`${url}/rooms/${roomId}`, { auth: (send) => send(auth), forceNew: true });
  sockets.push(socket);
  socket.onAny((type, event, confirm) => {
    const { sequence } = event.metadata;
    // An event is missing: reconnect to receive it, and do not confirm an event that was not applied.
    if (sequence > auth.after_sequence + 1) {
      socket.io.engine.close();
      return;
    }
    confirm?.();
    if (type === 'connection_established' && !event.data.resumed) auth.after_sequence = event.data.sequence;
    // Not logged, or a retry.
    if (sequence === undefined || sequence <= auth.after_sequence) return;
    auth.after_sequence = sequence;
    seen.get(username).push(event);
    print(event);
    for (const check of [...waiting]) check();
  });
  return new Promise((resolve, reject) => {
    socket.once('connection_established', resolve);
    socket.once('connect_error', reject);
  });
}

/** Prints a line for an event once all users who are to receive it have it. */
function print({ event_id, type, data, metadata }) {
  const received = names.map((name) => seen.get(name).some((event) => event.event_id === event_id));
  // A user who connects does not receive the event about it: it is in the state that they are sent.
  const expected = type === 'user_connected_websocket' ? data.online_count - 1 : sockets.length;
  if (received.filter(Boolean).length < expected) return;
  const ticks = received.map((tick) => (tick ? '✓' : '·').padEnd(5)).join('');
  console.log(
    `${String(metadata.sequence).padStart(5)}  ${ticks} ${type.padEnd(25)} ${detail(data)}`.trimEnd(),
  );
}

function detail(data) {
  const who = data.user ?? data.uploader ?? data.voter;
  const parts = [
    who && who.username,
    data.track && `${data.track.original_name} (${data.track.artist} – ${data.track.title})`,
    data.queue_position && `position ${data.queue_position}`,
    data.track?.vote_score && `votes ${data.track.vote_score}`,
    data.playback && `${data.playback.status} at ${data.playback.position.toFixed(2)} s`,
    data.online_count && `${data.online_count} online`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Waits until a condition is true, checking it after each event. */
function until(condition, what) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`Waited ${timeoutMs / 1000} s for ${what} to reach everyone.`)),
      timeoutMs,
    );
    const check = () => {
      if (!condition()) return;
      clearTimeout(timer);
      waiting = waiting.filter((other) => other !== check);
      resolve();
    };
    waiting.push(check);
    check();
  });
}

/**
 * Compares what the users received: from the sequence that the last one to connect received first, all must have the
 * same events, without a gap.
 */
function report(sequence) {
  const orders = names.map((name) => seen.get(name).map((event) => event.metadata.sequence));
  const latest = Math.max(...orders.map(([first]) => first));
  for (const [index, order] of orders.entries()) {
    const gap = order.findIndex((value, at) => at > 0 && value !== order[at - 1] + 1);
    if (gap !== -1) throw new Error(`${names[index]} received ${order[gap]} after ${order[gap - 1]}.`);
  }
  const [first, ...others] = names.map((name) =>
    seen
      .get(name)
      .filter((event) => event.metadata.sequence >= latest)
      .map((event) => event.event_id)
      .join(),
  );
  if (others.some((other) => other !== first)) throw new Error('The listeners received different events.');
  const count = sequence - latest + 1;
  console.log(
    `\n${names.join(', ')} received the same ${count} events, ${latest} to ${sequence}, in the same order.`,
  );
}
