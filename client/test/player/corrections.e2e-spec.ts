import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { installTimeoutMs, type Rig, startRig } from './browser.js';
import { longFile } from './long-file.js';

// Recorded in real time, as in commands.e2e-spec.ts.
jest.retryTimes(2, { logErrorsBeforeRetry: true });
jest.setTimeout(60_000);

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ 'long.wav': longFile(600) });
}, installTimeoutMs);
afterAll(() => rig.close());

test('a correction that is not rendered in time leaves no gap, and comes later', async () => {
  const page = await rig.open();
  const silent = await page.evaluate(async () => {
    const { openStage, trackOf, until } = window.rig;
    const stage = await openStage();
    const { context, player, room } = stage;
    room.play(trackOf('long.wav', 600), 0, 0.3);
    await stage.reach(3);
    const from = context.currentTime;
    // The next chunk takes longer than corrections are made ahead.
    const { postMessage } = Worker.prototype;
    let delayed = 0;
    Worker.prototype.postMessage = function (this: Worker, message: unknown, transfer?: unknown) {
      const send = () => postMessage.call(this, message, transfer as StructuredSerializeOptions);
      if ((message as unknown[])[1] !== 'render' || delayed > 0) return send();
      delayed += 1;
      setTimeout(send, 1500);
    } as typeof postMessage;
    room.shift += 0.004;
    await until(() => Math.abs(player.heard?.error ?? 0) > 0.003, 'the error');
    await until(() => Math.abs(player.heard?.error ?? 1) < 0.001, 'its correction', 20_000);
    const { recording } = await stage.finish();
    const samples = recording.left.subarray(Math.round(from * context.sampleRate) - recording.firstFrame);
    let longest = 0;
    let zeros = 0;
    for (const sample of samples) {
      zeros = sample === 0 ? zeros + 1 : 0;
      longest = Math.max(longest, zeros);
    }
    return { delayed, seconds: longest / context.sampleRate };
  });
  expect(silent.delayed).toBe(1);
  expect(silent.seconds).toBeLessThan(0.05);
});
