import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const executables = ['/usr/bin/chromium', '/usr/bin/google-chrome'];
const libraries = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
];

function find(paths, name) {
  const path = paths.find((candidate) => existsSync(candidate));
  if (!path) throw new Error(`${name} is needed: install it (Debian: apt-get install ${name})`);
  return path;
}

/** The version of the browser that is used. */
export async function installedVersion() {
  const browser = await chromium.launch({
    executablePath: find(executables, 'chromium'),
    args: ['--no-sandbox'],
  });
  const version = browser.version();
  await browser.close();
  return version;
}

/** All clocks of a process, and of its output, at another speed. */
const clocksAt = (speed) => ({
  LD_PRELOAD: find(libraries, 'faketime'),
  FAKETIME: `+0 x${speed}`,
});

/**
 * Starts a browser as processes of its own. Its output is Chromium's own clock, without a sound card: it plays at the
 * speed of the system's monotonic clock.
 * @param speed of its clocks: 1.0001 is 100 ppm fast
 */
export async function startBrowser({ speed = 1 } = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'roomcast-browser-'));
  const browser = await chromium.launch({
    executablePath: find(executables, 'chromium'),
    env: { ...process.env, HOME: profile, ...(speed === 1 ? {} : clocksAt(speed)) },
    args: [
      '--no-sandbox',
      '--mute-audio',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
    ],
  });
  return {
    newPage: () => browser.newPage(),
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
