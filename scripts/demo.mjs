// Lets three users listen together in a room of a running server, with the client library:
//   npm run demo -- http://localhost:3000
// Prints each event once, with the listeners that received it. Exits with 0 if all three received the same events in
// the same order.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { connect, guest } from '@roomcast/client';

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
const opened = [];
let waiting = [];

try {
  await requireServer();
  const [ada, bob, cleo] = await Promise.all(names.map(signIn));
  const { id, name } = await ada.createRoom({ name: 'Demo' });
  console.log(`${url}  room "${name}" ${id}\n`);
  console.log(`  seq  ${names.map((name) => name.padEnd(5)).join('')} event`);
  const rooms = [];
  for (const [index, roomcast] of [ada, bob, cleo].entries())
    rooms.push(await listen(roomcast, id, names[index]));
  const [room] = rooms;

  // The first track starts by itself, because nothing is playing.
  const tracks = [];
  for (const [index, file] of files.entries()) tracks.push(await upload(rooms[index], file));
  await rooms[0].vote(tracks[2].id);
  await rooms[1].vote(tracks[2].id);
  await rooms[2].vote(tracks[1].id);
  // Play a moment before the next command; shorter than the track.
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const command of ['pause', 'resume', 'skip', 'pause', 'stop', 'play']) await room[command]();
  const { event } = await room.stop();
  await until(
    () => names.every((name) => seen.get(name).at(-1)?.metadata.sequence >= event.sequence),
    `event ${event.sequence}`,
  );
  report(event.sequence);
  await room.deleteRoom();
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
} finally {
  for (const roomcast of opened) roomcast.close();
}

async function requireServer() {
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5000) }).catch(
    () => undefined,
  );
  if (!answer) throw new Error(`No server answers at ${url}. Start it first: npm start`);
  if (!answer.ok) throw new Error(`The server at ${url} is not ready: ${await answer.text()}`);
}

async function signIn(username) {
  const { token } = await guest(url, username);
  const roomcast = connect(url, { token });
  opened.push(roomcast);
  return roomcast;
}

async function listen(roomcast, roomId, username) {
  const room = await roomcast.join(roomId);
  void collect(room.events(), username);
  return room;
}

async function collect(events, username) {
  for await (const event of events) {
    if (event.metadata?.sequence === undefined) continue;
    seen.get(username).push(event);
    print(event);
    for (const check of [...waiting]) check();
  }
}

async function upload(room, name) {
  const bytes = await readFile(new URL(`../test/fixtures/${name}`, import.meta.url));
  return room.upload(new Blob([bytes]), { name }).done;
}

/** Prints a line for an event once all users who are to receive it have it. */
function print({ event_id, type, data, metadata }) {
  const received = names.map((name) => seen.get(name).some((event) => event.event_id === event_id));
  // Who joins or connects does not receive the events about it: they are in the state that they are sent.
  const others = { user_joined: data.participant_count, user_connected_websocket: data.online_count };
  const expected = type in others ? others[type] - 1 : opened.length;
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
