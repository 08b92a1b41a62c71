// Uploads files as a guest, a few at a time, as a separate process with a low priority.
//   node upload-process.mjs <url> <token> <room id> <how many at once>
// Reads one JSON line for each file ({ path, name }) and writes one for each answer ({ name, status, code, ms }).
// An accepted track is removed again, so that its file must be deleted.
import { openAsBlob } from 'node:fs';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';

setPriority(15);
const [url, token, roomId, concurrency] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const waiting = [];
let running = 0;

createInterface({ input: process.stdin }).on('line', (line) => {
  waiting.push(JSON.parse(line));
  next();
});

function next() {
  if (running >= Number(concurrency) || waiting.length === 0) return;
  running += 1;
  const file = waiting.shift();
  upload(file)
    .catch((error) => ({ status: 0, code: String(error.cause ?? error), ms: 0 }))
    .then((answer) => {
      process.stdout.write(`${JSON.stringify({ name: file.name, ...answer })}\n`);
      running -= 1;
      next();
    });
}

async function upload({ path }) {
  const form = new FormData();
  form.append('audio_file', await openAsBlob(path), 'song');
  const from = performance.now();
  const response = await fetch(`${url}/api/rooms/${roomId}/tracks`, { method: 'POST', headers, body: form });
  const body = await response.json();
  const ms = performance.now() - from;
  if (response.status === 201) {
    await fetch(`${url}/api/tracks/${body.track.id}`, { method: 'DELETE', headers });
  }
  return { status: response.status, code: body.error?.code ?? 'accepted', ms };
}
