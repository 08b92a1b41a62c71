import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { installTimeoutMs, type Rig, servedBytes, startRig } from './browser.js';
import { contentRate, wavOf } from './content.js';

// Recorded in real time, as in commands.e2e-spec.ts.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

/** An impulse every second, each at a frame of its own; the n-th has the height 0.3 + n/50. */
function impulses(seconds: number): Float32Array {
  const samples = new Float32Array(seconds * contentRate);
  for (let second = 0; second < seconds; second += 1) {
    samples[second * contentRate + 10_000 + 37 * second] = 0.3 + second / 50;
  }
  return samples;
}
const seconds = 20;
const impulseAt = (second: number) => second + (10_000 + 37 * second) / contentRate;

describe('when a sample is heard', () => {
  let rig: Rig;
  beforeAll(async () => {
    const samples = impulses(seconds);
    rig = await startRig({ 'impulses.wav': servedBytes(wavOf([samples, samples])) });
  }, installTimeoutMs);
  afterAll(() => rig.close());

  test('an impulse comes out at the frame that the player says, and at its room time', async () => {
    const page = await rig.open();
    const result = await page.evaluate(async () => {
      const { RoomPlayer, TestRoom, Recorder, trackOf, until, watchOutput } = window.rig;
      const context = new AudioContext({ latencyHint: 'playback' });
      const recorder = await Recorder.start(context);
      const stopWatching = watchOutput(context);
      const room = new TestRoom();
      const player = new RoomPlayer(room, { context, destination: recorder.input });
      room.play(trackOf('impulses.wav', 20), 0, 1);
      await until(() => (player.heard?.position ?? 0) > 7.8, 'playing');
      const heard: { frame: number; position: number; roomPosition: number }[] = [];
      const { firstFrame, left } = recorder.stop();
      const heardAtPageTime = stopWatching();
      const rate = context.sampleRate;
      for (let i = 1; i < left.length - 1; i += 1) {
        const peak = left[i]!;
        if (peak < 0.15 || peak < left[i - 1]! || peak <= left[i + 1]!) continue;
        // The maximum of the parabola through three samples: the resampler moves an impulse by fractions.
        const [a, c] = [left[i - 1]!, left[i + 1]!];
        const frame = firstFrame + i + (0.5 * (a - c)) / (a - 2 * peak + c);
        const said = player.heardAt(frame / rate);
        const roomTime = room.roomTimeOf(heardAtPageTime(frame / rate));
        const position = roomTime - room.playback.current!.started_at!;
        if (said) heard.push({ frame, position: said.position, roomPosition: position });
      }
      const status = player.status.current.is;
      player.close();
      return { heard, status };
    });
    expect(result.status).toBe('in_step');
    expect(result.heard.length).toBeGreaterThanOrEqual(6);
    for (const { position, roomPosition } of result.heard) {
      const second = Math.floor(position);
      expect(Math.abs(position - impulseAt(second))).toBeLessThan(0.0001);
      // The page's own view of the output clock, from other readings.
      expect(Math.abs(roomPosition - impulseAt(second))).toBeLessThan(0.001);
    }
  });
});
