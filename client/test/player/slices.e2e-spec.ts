import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { installTimeoutMs, type Rig, servedBytes, startRig } from './browser.js';
import { contentChannels, wavOf } from './content.js';
import { fixture } from './fixtures.js';

/**
 * What is known of each file: samples, where the encoder did not fill the last frame, and by how many samples the
 * slices are later than the whole file as Chromium decodes it, which skips nothing where the file does not say so.
 */
const files = [
  { name: 'content.wav', codec: 'pcm', length: 220_500, lag: 0 },
  { name: 'content.flac', codec: 'flac', length: 132_300, lag: 0 },
  { name: 'content-cbr.mp3', codec: 'mp3', length: 220_500, lag: 0 },
  { name: 'content-vbr.mp3', codec: 'mp3', length: 220_500, lag: 0 },
  { name: 'content-no-header.mp3', codec: 'mp3', length: 221_231, lag: -1105 },
  { name: 'content.m4a', codec: 'aac', length: 220_545, lag: 0 },
  { name: 'content-faststart.m4a', codec: 'aac', length: 88_245, lag: 0 },
  { name: 'content.aac', codec: 'aac', length: 221_184, lag: -1024 },
  { name: 'content.ogg', codec: 'vorbis', length: 220_500, lag: 0 },
  { name: 'content.opus', codec: 'opus', length: 240_000, lag: 0 },
];

describe('slices of a file', () => {
  let rig: Rig;
  let page: Page;
  beforeAll(async () => {
    const served = { 'content.wav': servedBytes(wavOf(contentChannels())) };
    for (const { name } of files.slice(1)) {
      Object.assign(served, { [name]: servedBytes(await fixture(name)) });
    }
    rig = await startRig(served);
    page = await rig.open();
  }, installTimeoutMs);
  afterAll(() => rig.close());

  test.each(files)('$name: decode to the samples of the whole file', async ({ name, codec, length, lag }) => {
    const result = await page.evaluate((file) => window.rig.compare(file), name);
    expect(result).toMatchObject({ codec, length, lagOfWhole: lag, difference: 0 });
    expect(result.slices).toBeGreaterThanOrEqual(Math.floor(length / result.sampleRate));
    // A tenth of a sample is 2 µs. Encoders of low bit rates shift the sound by that much.
    expect(Math.abs(result.lagOfContent)).toBeLessThan(0.1);
    expect(result.blockedMs).toBeLessThan(50);
  });

  test.each(['mp3', 'aac', 'flac'] as const)(
    '%s: this decoder has no lag, as the bundled clicks tell',
    async (codec) => {
      const lags = await page.evaluate(async (name) => {
        const { DecoderLag, decodeFile } = window.rig;
        const late: typeof decodeFile = async (bytes, rate) => {
          const decoded = await decodeFile(bytes, rate);
          const shifted = new AudioBuffer({ length: decoded.length + 300, sampleRate: rate });
          shifted.copyToChannel(decoded.getChannelData(0), 0, 300);
          return shifted;
        };
        return [await new DecoderLag(decodeFile).of(name), await new DecoderLag(late).of(name)];
      }, codec);
      expect(lags).toEqual([0, codec === 'flac' ? 0 : 300]);
    },
  );

  test.each(files)('$name: decode to the same samples wherever decoding begins', async ({ name }) => {
    const result = await page.evaluate((file) => window.rig.compareFrom(file, 1.7), name);
    expect(result.first).toBeLessThanOrEqual(1.7);
    expect(result.first).toBeGreaterThan(0.9);
    expect(result.difference).toBe(0);
  });
});
