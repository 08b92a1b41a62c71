import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { installTimeoutMs, type Rig, servedBytes, startRig } from './browser.js';
import { contentChannels, wavOf } from './content.js';
import { fixture } from './fixtures.js';

// Recorded in real time, as in commands.e2e-spec.ts.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

const encoded = [
  'content.flac',
  'content-cbr.mp3',
  'content-vbr.mp3',
  'content-no-header.mp3',
  'content.m4a',
  'content.aac',
  'content.ogg',
  'content.opus',
];

describe('the same content in different formats', () => {
  let rig: Rig;
  let page: Page;
  beforeAll(async () => {
    const served = { 'content.wav': servedBytes(wavOf(contentChannels())) };
    for (const name of encoded) Object.assign(served, { [name]: servedBytes(await fixture(name)) });
    rig = await startRig(served);
    page = await rig.open();
  }, installTimeoutMs);
  afterAll(() => rig.close());

  test.each(['content.wav', ...encoded])('%s: is heard at its room time within 1 ms', async (file) => {
    const { delay, longTasks } = await page.evaluate((name) => window.rig.playContent(name), file);
    expect(Math.abs(delay)).toBeLessThan(0.001);
    // A task is long from 50 ms on. Where other processes took the processor from this one, a second run tells.
    if (longTasks === 0) return;
    expect(await page.evaluate((name) => window.rig.playContent(name), file)).toMatchObject({ longTasks: 0 });
  });

  test('is heard earlier by the offset that the user set', async () => {
    const { delay } = await page.evaluate(() => window.rig.playContent('content.wav', { offset: 0.012 }));
    expect(Math.abs(delay + 0.012)).toBeLessThan(0.001);
  });
});
