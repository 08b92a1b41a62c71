// Takes the pictures of the page in docs/screens: each state at three widths, dark and light, and a short animation.
// Needs `npm run build`, and Chromium (CHROMIUM names the binary if it is not /usr/bin/chromium).
//   npm run screenshots
/* global document -- in functions that run in the page */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, guest } from '@roomcast/client';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs/screens');
const operatorToken = 'the-token-of-the-operator';
const widths = {
  phone: { width: 390, height: 844 },
  tablet: { width: 820, height: 1180 },
  desktop: { width: 1440, height: 900 },
};
const schemes = ['dark', 'light'];
const quality = 80;

const music = [
  { title: 'Low tide', artist: 'The Harbour Lights', colors: ['#0f766e', '#fde68a'], seconds: 214 },
  { title: 'Paper planes at noon', artist: 'Mira Castellan', colors: ['#be123c', '#fbcfe8'], seconds: 187 },
  { title: 'Northbound', artist: 'Slow Signal', colors: ['#1e3a8a', '#93c5fd'], seconds: 243 },
  { title: 'Kitchen radio', artist: 'Otto & the Ovens', colors: ['#b45309', '#fef3c7'], seconds: 168 },
  { title: 'Everything but the rain', artist: 'Ines Aalto', colors: ['#4c1d95', '#ddd6fe'], seconds: 231 },
  { title: 'Second floor, third door', artist: 'Halftone', colors: ['#166534', '#bbf7d0'], seconds: 199 },
];

const text = (value) => Buffer.concat([Buffer.from([0]), Buffer.from(value, 'latin1')]);
const picture = (jpeg) => Buffer.concat([Buffer.from('\0image/jpeg\0\x03\0', 'latin1'), jpeg]);

const temporary = await mkdtemp(join(tmpdir(), 'roomcast-screens-'));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const server = spawn(process.execPath, ['--no-warnings', join(root, 'dist/main.js')], {
  env: {
    ...process.env,
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: join(temporary, 'data'),
    LOG_LEVEL: 'error',
    ADMIN_TOKEN: operatorToken,
  },
  stdio: ['ignore', 'inherit', 'inherit'],
});
let browser;
try {
  await ready();
  await mkdir(folder, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
  });
  const place = await furnish();
  for (const [device, size] of Object.entries(widths)) {
    for (const scheme of schemes) await photograph(place, device, size, scheme);
  }
  await animate(place);
  place.close();
} finally {
  await browser?.close();
  server.kill('SIGKILL');
  await rm(temporary, { recursive: true, force: true });
}

/** A room with four people, music, votes and reactions. */
async function furnish() {
  const names = ['Ada', 'Bob', 'Cleo', 'Dmitri'];
  const people = [];
  for (const name of names) {
    const { token } = await guest(url, name);
    people.push(connect(url, { token }));
  }
  const { id } = await people[0].createRoom({ name: 'Friday night' });
  const rooms = [];
  for (const person of people) rooms.push(await person.join(id));
  const [ada, bob, cleo, dmitri] = rooms;
  const tracks = [];
  for (const [index, song] of music.entries()) {
    const file = new Blob([await recording(song)]);
    tracks.push(await rooms[index % rooms.length].upload(file, `${song.title}.wav`).done);
    process.stdout.write(`uploaded ${song.title}\n`);
  }
  await bob.vote(tracks[3].id);
  await cleo.vote(tracks[3].id);
  await dmitri.vote(tracks[3].id);
  await ada.vote(tracks[1].id);
  await cleo.vote(tracks[1].id);
  await ada.updateRoom({ settings: { skip_vote_share: 0.5 } });
  const other = await people[1].createRoom({ name: 'Late shift' });
  const lateShift = await people[1].join(other.id);
  await ada.seek(61);
  await bob.react('🔥');
  return {
    id,
    people,
    rooms,
    tracks,
    close() {
      lateShift.close();
      for (const person of people) person.close();
    },
  };
}

async function photograph({ id, rooms }, device, viewport, colorScheme) {
  const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB' });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const shoot = async (state) => {
    // Covers fade in, dialogs move.
    await page.waitForTimeout(300);
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
    const path = join(folder, `${state}-${device}-${colorScheme}.webp`);
    await sharp(await page.screenshot())
      .webp({ quality })
      .toFile(path);
  };
  const button = (name) => page.getByRole('button', { name }).first();
  await page.goto(url);
  await page.getByLabel('Your name').fill('Eve');
  await shoot('welcome');
  await button('Continue').click();
  await page.getByText('Friday night').first().waitFor();
  await shoot('home');
  await page.goto(`${url}/rooms/${id}`);
  await page.getByRole('heading', { name: 'Friday night' }).first().waitFor();
  await button('Listen').waitFor();
  await shoot('door');
  await button('Listen').click();
  await page.getByText('In step').filter({ visible: true }).first().waitFor();
  await shoot('room');
  await button('Invite').click();
  await page.getByRole('dialog').waitFor();
  await shoot('invite');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await context.setOffline(true);
  await page
    .getByRole('status')
    .filter({ hasText: /try|connect/i })
    .first()
    .waitFor();
  await shoot('offline');
  await context.setOffline(false);
  await page.getByText('In step').filter({ visible: true }).first().waitFor();
  const eve = rooms[0].state.current.participants.findLast(({ username }) => username === 'Eve');
  await rooms[0].kick(eve.id);
  await page
    .getByRole('heading', { name: /any more/ })
    .first()
    .waitFor();
  await shoot('removed');
  await page.goto(`${url}/no/such/page`);
  await page.getByRole('heading').first().waitFor();
  await shoot('not-found');
  await page.goto(`${url}/rooms/${id}/tv`);
  await page.getByRole('button').first().click();
  await page.getByText('Up next').first().waitFor();
  await shoot('tv');
  await page.goto(`${url}/admin`);
  await page.getByLabel('Operator token', { exact: true }).fill(operatorToken);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Forget the token' }).first().waitFor();
  await page.waitForTimeout(3000);
  await shoot('operator');
  await context.close();
  process.stdout.write(`took the pictures of ${device}, ${colorScheme}\n`);
}

/** A vote moves a track up, as a listener sees it. */
async function animate({ id, rooms, tracks }) {
  const context = await browser.newContext({
    viewport: { width: 1120, height: 700 },
    colorScheme: 'dark',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  await page.goto(`${url}/rooms/${id}`);
  await page.getByLabel('Your name').fill('Eve');
  await page.getByRole('button', { name: 'Listen' }).first().click();
  await page.getByText('In step').filter({ visible: true }).first().waitFor();
  const frames = [];
  const record = async (count) => {
    for (let i = 0; i < count; i += 1) frames.push(await page.screenshot());
  };
  await record(4);
  for (const [index, room] of rooms.entries()) {
    await room.vote(tracks[5].id);
    if (index % 2 === 0) await room.react('👏');
    await record(4);
  }
  await rooms[0].skip();
  await record(8);
  await sharp(frames, { join: { animated: true } })
    .webp({ quality: 60, delay: frames.map(() => 250), loop: 0, effort: 4 })
    .toFile(join(folder, 'room.webp'));
  await context.close();
}

/** A song with a cover: a chord whose loudness rises and falls, as 16-bit mono WAV at 8 kHz. */
async function recording({ title, artist, colors, seconds }) {
  const rate = 8000;
  const samples = Buffer.alloc(seconds * rate * 2);
  const base = 110 * 2 ** (title.length / 12);
  for (let i = 0; i < seconds * rate; i += 1) {
    const time = i / rate;
    const part =
      0.35 + 0.3 * Math.sin((time / seconds) * Math.PI * 3) ** 2 + 0.25 * Math.sin(time * 1.7) ** 2;
    const edge = Math.min(1, time / 3, (seconds - time) / 3);
    const chord =
      [1, 1.25, 1.5].reduce((sum, ratio) => sum + Math.sin(2 * Math.PI * base * ratio * time), 0) / 3;
    samples.writeInt16LE(Math.round(chord * part * edge * 30_000), i * 2);
  }
  const format = Buffer.alloc(16);
  format.writeUInt16LE(1, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE(rate * 2, 8);
  format.writeUInt16LE(2, 12);
  format.writeUInt16LE(16, 14);
  const cover = await sharp(Buffer.from(coverSvg(colors)))
    .jpeg({ quality: 88 })
    .toBuffer();
  const tags = id3({ TIT2: text(title), TPE1: text(artist), APIC: picture(cover) });
  const content = Buffer.concat([
    Buffer.from('WAVE'),
    riffChunk('fmt ', format),
    riffChunk('id3 ', tags),
    riffChunk('data', samples),
  ]);
  return riffChunk('RIFF', content);
}

function coverSvg([dark, light]) {
  const circles = [0, 1, 2, 3]
    .map(
      (i) =>
        `<circle cx="${180 + i * 90}" cy="${430 - i * 70}" r="${200 - i * 40}" fill="${light}" opacity="0.${2 + i}"/>`,
    )
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="640"><rect width="640" height="640" fill="${dark}"/>${circles}</svg>`;
}

function riffChunk(id, bytes) {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes, Buffer.alloc(bytes.length % 2)]);
}

/** ID3 2.3 */
function id3(frames) {
  const body = Buffer.concat(
    Object.entries(frames).map(([id, bytes]) => {
      const head = Buffer.alloc(10);
      head.write(id, 'latin1');
      head.writeUInt32BE(bytes.length, 4);
      return Buffer.concat([head, bytes]);
    }),
  );
  const size = [21, 14, 7, 0].map((shift) => (body.length >> shift) & 0x7f);
  return Buffer.concat([Buffer.from('ID3'), Buffer.from([3, 0, 0, ...size]), body]);
}

async function ready() {
  for (let i = 0; i < 200; i += 1) {
    const response = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the server is not ready');
}

function freePort() {
  return new Promise((resolve) => {
    const socket = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = socket.address();
      socket.close(() => resolve(free));
    });
  });
}
