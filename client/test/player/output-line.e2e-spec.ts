import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { installTimeoutMs, type Rig, startRig } from './browser.js';

// Recorded in real time, as in commands.e2e-spec.ts.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

describe('chunks on the output', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({});
  }, installTimeoutMs);
  afterAll(() => rig.close());

  test.each([44_100, 48_000, 96_000])(
    'are played unchanged, one directly after the other, at %d frames a second',
    async (rate) => {
      const page = await rig.open();
      const result = await page.evaluate(async (sampleRate) => {
        const { OutputLine } = window.rig;
        const frames = 20 * sampleRate;
        const context = new OfflineAudioContext(1, frames, sampleRate);
        const line = new OutputLine(context, context.destination);
        const expected = new Float32Array(frames);
        const segment = {} as never;
        let frame = 1237;
        let seed = 1;
        for (let index = 0; frame + sampleRate < frames; index += 1) {
          const samples = Float32Array.from({ length: 441 + ((index * 7919) % 20_011) }, () => {
            seed = (seed * 16_807) % 2_147_483_647;
            return seed / 2_147_483_647 - 0.5;
          });
          line.schedule({ frame, frames: samples.length, segment, position: 0, speed: 1 }, [samples]);
          expected.set(samples, frame);
          frame += samples.length;
          // Every tenth chunk is cut short, and the next one begins there.
          if (index % 10 !== 9) continue;
          frame -= 311;
          line.cutFrom(frame);
          expected.fill(0, frame);
        }
        const played = (await context.startRendering()).getChannelData(0);
        // A time in seconds is not exactly a frame: the browser interpolates by some 1e-12 of one.
        const wrong = played.findIndex((value, index) => Math.abs(value - expected[index]!) > 1e-9);
        return { wrong, end: line.end, frame };
      }, rate);
      expect(result).toEqual({ wrong: -1, end: result.frame, frame: expect.any(Number) });
      await page.close();
    },
  );
});
