import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { installTimeoutMs, type Rig, servedBytes, type ServedFile, startRig } from './browser.js';
import { contentChannels, contentRate, wavOf } from './content.js';
import { longFile } from './long-file.js';

// What is heard is recorded in real time: on a busy machine the browser's audio thread is late now and then, and a
// recording has gaps that the player did not make.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

const { sin, PI, round } = Math;
const hertz = 441;

/** A sine from a sample on; files that continue each other are one sine. */
function sineFile(fromSample: number, samples: number): ServedFile {
  const left = Float32Array.from(
    { length: samples },
    (_, i) => 0.5 * sin((2 * PI * hertz * (fromSample + i)) / contentRate),
  );
  return servedBytes(wavOf([left]));
}

const split = round(2.5 * contentRate);

describe('what the room does', () => {
  let rig: Rig;
  let page: Page;
  beforeAll(async () => {
    rig = await startRig({
      'content.wav': servedBytes(wavOf(contentChannels(12))),
      'first.wav': sineFile(0, split),
      'second.wav': sineFile(split, 3 * contentRate),
      'long.wav': longFile(600),
      'garbage.mp3': servedBytes(Uint8Array.from({ length: 50_000 }, (_, i) => (i * 31 + (i >> 5)) & 0x7f)),
    });
    page = await rig.open();
  }, installTimeoutMs);
  afterAll(() => rig.close());

  test('a listener who comes late joins where the room is', async () => {
    const result = await page.evaluate(async () => {
      const { openStage, trackOf, delayOfContent } = window.rig;
      const stage = await openStage();
      stage.room.play(trackOf('content.wav', 12), 3.3, -2);
      await stage.reach(8.5);
      const status = stage.player.status.current;
      const { recording, heardAt } = await stage.finish();
      const startedAt = stage.room.playback.current!.started_at!;
      const delay = delayOfContent(recording, heardAt, stage.room, startedAt, stage.context.sampleRate, 6.7);
      return { delay, status };
    });
    expect(Math.abs(result.delay)).toBeLessThan(0.001);
    expect(result.status).toEqual({ is: 'in_step', reason: 'web_audio' });
  });

  test('pause silences at once, resume and seek go on at their moments', async () => {
    const result = await page.evaluate(async () => {
      const { openStage, trackOf, until, delayOfContent } = window.rig;
      const stage = await openStage();
      const { room, player, context } = stage;
      const track = trackOf('content.wav', 12);
      room.play(track, 0, 0.5);
      await stage.reach(1.5);
      const pausedAt = context.currentTime;
      room.set({ status: 'paused', track, position: 1.6 });
      await until(() => player.status.current.is === 'silent', 'silence', 2000);
      const paused = player.status.current;
      const pausedReport = room.reports.at(-1)!.status;
      room.play(track, 1.6, 0.6);
      const resumedAt = room.playback.current!.started_at!;
      await stage.reach(4);
      room.play(track, 8, 0.4);
      const seekedAt = room.playback.current!.started_at!;
      const beforeSeek = player.heard!.position;
      await stage.reach(10.6);
      const { recording, heardAt } = await stage.finish();
      const { sampleRate } = context;
      const { firstFrame, left } = recording;
      const quiet = left.subarray(
        (pausedAt + 0.1) * sampleRate - firstFrame,
        (pausedAt + 0.4) * sampleRate - firstFrame,
      );
      return {
        paused,
        pausedReport,
        quiet: Math.max(...quiet.map(Math.abs)),
        afterResume: delayOfContent(recording, heardAt, room, resumedAt, sampleRate, 2),
        beforeSeek,
        afterSeek: delayOfContent(recording, heardAt, room, seekedAt, sampleRate, 8.5),
      };
    });
    expect(result.paused).toEqual({ is: 'silent', reason: 'paused' });
    expect(result.pausedReport).toBe('silent');
    expect(result.quiet).toBe(0);
    expect(Math.abs(result.afterResume)).toBeLessThan(0.001);
    // Until the seek begins, what was playing goes on.
    expect(result.beforeSeek).toBeLessThan(5);
    expect(Math.abs(result.afterSeek)).toBeLessThan(0.001);
  });

  test.each([
    // The server commits the change 0.25 s before the end; what is between it and the listener may take longer.
    ['shortly before the end', 2],
    ['only after the end', 2.8],
  ])('the next track follows without a gap, where the room says so %s', async (_, toldAt) => {
    const result = await page.evaluate(async (toldAt) => {
      const { openStage, trackOf, until } = window.rig;
      const stage = await openStage();
      const { room, player, context } = stage;
      const [first, second] = [trackOf('first.wav', 2.5), trackOf('second.wav', 3)];
      room.play(first, 0, 0.5, second);
      const startedAt = room.playback.current!.started_at!;
      await until(() => room.clock.now() >= startedAt + toldAt, 'the moment');
      room.set({ status: 'playing', track: second, started_at: startedAt + 2.5 });
      await until(() => player.heard?.trackId === 'second.wav' && player.heard.position > 1, 'second track');
      const { recording } = await stage.finish();
      const { sampleRate } = context;
      // A sine has no second difference beyond its own; a gap or a step has.
      const { left } = recording;
      const w = 2 * Math.cos((2 * Math.PI * 441) / sampleRate);
      const begin = left.findIndex((value) => Math.abs(value) > 0.1) + 0.2 * sampleRate;
      let largest = 0;
      for (let i = Math.round(begin); i < begin + 3 * sampleRate; i += 1) {
        largest = Math.max(largest, Math.abs(left[i + 1]! - w * left[i]! + left[i - 1]!));
      }
      return largest;
    }, toldAt);
    // A gap of one sample is 0.03, of two 0.06. The resampler rings where a file ends, by up to 0.02.
    expect(result).toBeLessThan(0.05);
  });

  test('the end of a track does not render the scheduled audio of the next track again', async () => {
    const stopped = await page.evaluate(async () => {
      const { openStage, trackOf, until } = window.rig;
      const stage = await openStage();
      const { room, player, context } = stage;
      const second = trackOf('content.wav', 12);
      room.play(trackOf('first.wav', 2.5), 0, 0.5, second);
      await stage.reach(1.5);
      const { stop } = AudioBufferSourceNode.prototype;
      const stopped: number[] = [];
      AudioBufferSourceNode.prototype.stop = function (when = 0) {
        stopped.push(when - context.currentTime);
        stop.call(this, when);
      };
      const startedAt = room.playback.current!.started_at! + 2.5;
      room.set({ status: 'playing', track: second, started_at: startedAt, next: trackOf('long.wav', 600) });
      await until(
        () => player.heard?.trackId === 'content.wav' && player.heard.position > 1.5,
        'second track',
      );
      AudioBufferSourceNode.prototype.stop = stop;
      await stage.finish();
      return stopped;
    });
    // Errors are corrected from 0.3 s ahead on; a command of the room would cut what is 0.05 s ahead.
    expect(stopped.filter((seconds) => seconds < 0.15)).toEqual([]);
  });

  test('a skip to another track begins at its moment; until then the previous one is heard', async () => {
    const result = await page.evaluate(async () => {
      const { openStage, trackOf, until, delayOfContent } = window.rig;
      const stage = await openStage();
      const { room, player } = stage;
      room.play(trackOf('long.wav', 600), 100, 0.3);
      await until(() => (player.heard?.position ?? 0) > 101, 'first track');
      room.play(trackOf('content.wav', 12), 0, 0.8);
      const during = player.heard?.trackId;
      await until(
        () => player.heard?.trackId === 'content.wav' && player.heard.position > 2.2,
        'second track',
      );
      const { recording, heardAt } = await stage.finish();
      const startedAt = room.playback.current!.started_at!;
      return { during, delay: delayOfContent(recording, heardAt, room, startedAt, stage.context.sampleRate) };
    });
    expect(result.during).toBe('long.wav');
    expect(Math.abs(result.delay)).toBeLessThan(0.001);
  });

  test('stop is silence with its reason', async () => {
    const status = await page.evaluate(async () => {
      const { openStage, trackOf, until } = window.rig;
      const stage = await openStage();
      stage.room.play(trackOf('content.wav', 12), 0, 0.3);
      await stage.reach(0.5);
      stage.room.set({ status: 'stopped' });
      await until(() => stage.player.status.current.is === 'silent', 'silence');
      const stopped = stage.player.status.current;
      await stage.finish();
      return [stopped, stage.player.status.current];
    });
    expect(status).toEqual([
      { is: 'silent', reason: 'stopped' },
      { is: 'silent', reason: 'closed' },
    ]);
  });

  test('an older state of the room changes nothing', async () => {
    const position = await page.evaluate(async () => {
      const { openStage, trackOf } = window.rig;
      const stage = await openStage();
      const track = trackOf('content.wav', 12);
      stage.room.play(track, 0, 0.3);
      await stage.reach(0.5);
      stage.room.set({ status: 'stopped', version: 0 });
      await stage.reach(1.2);
      const { position } = stage.player.heard!;
      await stage.finish();
      return position;
    });
    expect(position).toBeGreaterThan(1.2);
  });

  test('a clock that is corrected by 100 ms is followed by one cut, by 5 ms without', async () => {
    const result = await page.evaluate(async () => {
      const { openStage, trackOf, until } = window.rig;
      const stage = await openStage();
      const { room, player } = stage;
      const seen = new Set<string>();
      player.status.subscribe(() => seen.add(player.status.current.reason));
      room.play(trackOf('long.wav', 600), 0, 0.3);
      await stage.reach(1);
      room.shift += 0.1;
      await until(() => Math.abs(player.heard?.error ?? 1) > 0.05, 'error');
      await until(() => Math.abs(player.heard?.error ?? 1) < 0.0005, 'correction of 100 ms', 5000);
      const jumped = [...seen];
      seen.clear();
      room.shift -= 0.005;
      await until(() => Math.abs(player.heard?.error ?? 1) > 0.004, 'error');
      await until(() => Math.abs(player.heard?.error ?? 1) < 0.0005, 'correction of 5 ms', 12_000);
      await stage.finish();
      return { jumped, adjusted: [...seen] };
    });
    expect(result.jumped).toContain('jump');
    expect(result.adjusted).not.toContain('jump');
    expect(result.adjusted).toContain('rate');
  });

  test('a track that is no audio is silence with its reason, and the next one plays', async () => {
    const result = await page.evaluate(async () => {
      const { openStage, trackOf, until } = window.rig;
      const stage = await openStage();
      const { room, player } = stage;
      room.play(trackOf('garbage.mp3', 30), 0, 0.3);
      await until(() => player.status.current.reason === 'unplayable', 'unplayable');
      room.play(trackOf('content.wav', 12), 0, 0.3);
      await stage.reach(0.5);
      const status = player.status.current;
      await stage.finish();
      return status;
    });
    expect(result.is).toBe('in_step');
  });

  test('a network that fails is buffering with its reason, and playing goes on when it is back', async () => {
    const result = await page.evaluate(async () => {
      const { openStage, trackOf, until } = window.rig;
      const stage = await openStage();
      const { room, player } = stage;
      const { fetch } = room;
      room.fetch = () => Promise.reject(new TypeError('no network'));
      room.play(trackOf('content.wav', 12), 0, 0.3);
      await until(() => player.status.current.reason === 'network', 'network');
      const { is } = player.status.current;
      room.fetch = fetch;
      await stage.reach(1);
      await stage.finish();
      return is;
    });
    expect(result).toBe('buffering');
  });
});
