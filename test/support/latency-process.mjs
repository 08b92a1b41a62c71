// A healthy listener of a room that asks for the server's time again and again, in a process of its own.
//   node latency-process.mjs <url> <token> <room id> <process id of the server>
// Writes `ready`, and once its input ends, one JSON line with the latencies in milliseconds: { raw, own, connected }.
// `own` is without the time in which the kernel had the server's main thread, or this process, wait for a processor:
// tests run beside other programs. Time in which the event loop of the server was busy is in it.
import { readFileSync } from 'node:fs';
import { io } from 'socket.io-client';

const [url, token, roomId, serverPid] = process.argv.slice(2);

/** Milliseconds that the main threads of both processes have waited for a processor so far. */
function waitedForProcessor() {
  const nanoseconds = [serverPid, process.pid].map((pid) => {
    const [, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waited);
  });
  return (nanoseconds[0] + nanoseconds[1]) / 1e6;
}

const latencies = { raw: [], own: [], connected: true };
let ended = false;
process.stdin.resume().on('end', () => (ended = true));
const socket = io(`${url}/rooms/${roomId}`, {
  auth: { token },
  transports: ['websocket'],
  reconnection: false,
});
// Events that ask for it are confirmed.
socket.onAny((...args) => {
  const confirm = args.at(-1);
  if (typeof confirm === 'function') confirm();
});
await new Promise((resolve, reject) => {
  socket.once('connect', resolve);
  socket.once('connect_error', reject);
});
process.stdout.write('ready\n');
while (!ended && socket.connected) {
  const waitedBefore = waitedForProcessor();
  const from = performance.now();
  await socket.timeout(60_000).emitWithAck('time_sync', {});
  const raw = performance.now() - from;
  latencies.raw.push(raw);
  latencies.own.push(Math.max(0, raw - (waitedForProcessor() - waitedBefore)));
  await new Promise((resolve) => setTimeout(resolve, 10));
}
latencies.connected = socket.connected;
socket.disconnect();
process.stdout.write(`${JSON.stringify(latencies)}\n`);
