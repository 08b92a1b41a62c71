/* global document, window, MutationObserver, PerformanceObserver -- in functions that run in the page */
import { request } from 'node:http';
import { enter } from './visitor.mjs';

/** What a phone in a slow network has: WebPageTest's profile "3G Fast", and a quarter of this machine's speed. */
const slowNetwork = {
  offline: false,
  latency: 150,
  downloadThroughput: 1.6e6 / 8,
  uploadThroughput: 768e3 / 8,
};
const slowdown = 4;
const startups = 7;
const voteCount = 40;
const otherVotesPerSecond = 5;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const quantile = (values, part) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Bytes of the files that the page loads from its link until the room is heard. */
export async function weight(browser, link) {
  const { page, close } = await browser.visit();
  const loaded = new Set();
  page.on('response', (response) => {
    const { pathname, protocol } = new URL(response.url());
    if (protocol === 'blob:') return;
    if (!pathname.startsWith('/api/') && !pathname.startsWith('/socket.io/')) loaded.add(response.url());
  });
  await page.goto(link);
  await page.getByRole('button', { name: 'Listen' }).first().waitFor();
  await page.waitForLoadState('networkidle');
  const atDoor = new Set(loaded);
  await enter(page, 'Eve');
  await close();
  const files = await Promise.all(
    [...loaded].map(async (url) => ({
      name: new URL(url).pathname,
      atDoor: atDoor.has(url),
      gzip: await sizeOf(url, 'gzip'),
      brotli: await sizeOf(url, 'br'),
    })),
  );
  const sum = (of) => files.reduce((bytes, file) => bytes + of(file), 0);
  return {
    files: files.length,
    gzip: sum(({ gzip }) => gzip),
    brotli: sum(({ brotli }) => brotli),
    largest: files.toSorted((a, b) => b.gzip - a.gzip).slice(0, 6),
  };
}

function sizeOf(url, encoding) {
  return new Promise((resolve, reject) => {
    request(url, { headers: { 'accept-encoding': encoding } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () => resolve(bytes));
    })
      .on('error', reject)
      .end();
  });
}

/** Milliseconds from the navigation until the door can be used, on a slow phone. */
export async function startup(browser, link) {
  const times = [];
  for (let i = 0; i < startups; i += 1) {
    const { page, devTools, close } = await browser.visit();
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        const buttons = [...document.querySelectorAll('button')];
        if (!buttons.some(({ textContent }) => textContent.includes('Listen'))) return;
        observer.disconnect();
        // Rendered by React, so its handlers are attached. After the frame in which it appears.
        window.requestAnimationFrame(() => setTimeout(() => (window.usableAt = performance.now())));
      }).observe(document, { childList: true, subtree: true });
    });
    await devTools.send('Network.enable');
    await devTools.send('Network.emulateNetworkConditions', slowNetwork);
    await devTools.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    await page.goto(link, { waitUntil: 'commit' });
    await page.waitForFunction(() => window.usableAt !== undefined);
    times.push(await page.evaluate(() => window.usableAt));
    await close();
  }
  return { median: median(times), max: Math.max(...times), runs: times.length };
}

/** Cumulative Layout Shift as browsers report it: of the windows without a second's pause, at most 5 s long, the worst. */
function cumulativeLayoutShift(found) {
  let [worst, sum, first, last] = [0, 0, -Infinity, -Infinity];
  for (const { value, startTime } of found.toSorted((a, b) => a.startTime - b.startTime)) {
    if (startTime - last > 1000 || startTime - first > 5000) [sum, first] = [0, startTime];
    last = startTime;
    sum += value;
    worst = Math.max(worst, sum);
  }
  return worst;
}

/** Layout shifts from the link through the room, while tracks, people and votes come. */
export async function layoutShifts(browser, link, { addTrack, room }) {
  const shifts = {};
  for (const isPhone of [true, false]) {
    const { page, close } = await browser.visit({ isPhone });
    await page.addInitScript(() => {
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const { value, hadRecentInput, startTime, sources } of list.getEntries()) {
          const what = sources.map(({ node }) => node?.className || node?.nodeName).join(', ');
          if (!hadRecentInput) window.shifts.push({ value, startTime, what });
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(link);
    await page.getByRole('button', { name: 'Listen' }).first().waitFor();
    await enter(page, 'Eve');
    const track = await addTrack(isPhone ? 400 : 410);
    await room.vote(track.id);
    await room.react('🔥');
    await delay(2000);
    await room.skip();
    await delay(3000);
    const found = await page.evaluate(() => window.shifts);
    shifts[isPhone ? 'phone' : 'desktop'] = {
      cumulative: cumulativeLayoutShift(found),
      largest: found.toSorted((a, b) => b.value - a.value).slice(0, 3),
    };
    await close();
  }
  return shifts;
}

/** Milliseconds from a click on a vote until the frame that shows it, while others vote too. */
export async function votes(browser, link, large) {
  const { page, close } = await browser.visit({ isPhone: false });
  await page.addInitScript(() => {
    window.clicks = [];
    new PerformanceObserver((list) => {
      for (const { name, duration } of list.getEntries()) if (name === 'click') window.clicks.push(duration);
    }).observe({ type: 'event', durationThreshold: 16, buffered: true });
  });
  await page.goto(link);
  await enter(page, 'Eve');
  await delay(3000);
  await page.evaluate(() => (window.clicks.length = 0));
  let number = 0;
  const others = setInterval(() => {
    void large.vote(number++).catch((error) => process.stderr.write(`a vote failed: ${error.message}\n`));
  }, 1000 / otherVotesPerSecond);
  const buttons = page.getByRole('button', { name: /^Vote for / });
  for (let i = 0; i < voteCount; i += 1) {
    await buttons.nth(i % 8).click();
    await delay(400);
  }
  clearInterval(others);
  const slow = await page.evaluate(() => window.clicks);
  await close();
  // Of what takes less than 16 ms the browser does not tell.
  const times = [...slow, ...Array.from({ length: Math.max(0, voteCount - slow.length) }, () => 16)];
  return { median: median(times), p95: quantile(times, 0.95), max: Math.max(...times), clicks: voteCount };
}
