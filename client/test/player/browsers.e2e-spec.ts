import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { installTimeoutMs, type Rig, servedBytes, startRig } from './browser.js';
import { contentChannels, wavOf } from './content.js';

const files = { 'content.wav': servedBytes(wavOf(contentChannels(12))) };

/** Plays in a page without a recorder, and returns what the player was doing when it was at 1.5 s. */
const play = (page: Page, options: { workerUrl?: string; mode?: 'auto' | 'media_element' } = {}) =>
  page.evaluate(async (given) => {
    const { RoomPlayer, TestRoom, trackOf, until } = window.rig;
    const room = new TestRoom();
    const player = new RoomPlayer(room, given);
    room.play(trackOf('content.wav', 12), 0, 0.5);
    await until(
      () => player.status.current.is === 'in_step' && (player.heard?.position ?? 0) > 2.5,
      'in step',
    );
    const { reason } = player.status.current;
    const error = Math.abs(player.heard!.error);
    player.close();
    return { reason, error };
  }, options);

/** Memory that a page uses after a garbage collection: objects and the samples of buffers. */
async function liveBytes(page: Page): Promise<number> {
  await page.requestGC();
  const session = await page.context().newCDPSession(page);
  // Newer than the types: the third is that of array buffers.
  const usage = (await session.send('Runtime.getHeapUsage')) as unknown as Record<string, number>;
  return usage['usedSize']! + usage['embedderHeapUsedSize']! + usage['backingStorageSize']!;
}

describe('browsers that allow less', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig(files);
  }, installTimeoutMs);
  afterAll(() => rig.close());

  test('on plain http, where there is neither AudioWorklet nor AudioDecoder nor wake lock', async () => {
    const page = await rig.open({ secure: false });
    const missing = await page.evaluate(() => [
      isSecureContext,
      'AudioDecoder' in window,
      'audioWorklet' in AudioContext.prototype && new AudioContext().audioWorklet !== undefined,
      'wakeLock' in navigator,
    ]);
    expect(missing).toEqual([false, false, false, false]);
    const { reason, error } = await play(page);
    expect(reason).toBe('web_audio');
    expect(error).toBeLessThan(0.001);
  });

  test('a policy that forbids workers from blob: renders on the main thread, or in a worker of a URL', async () => {
    const page = await rig.open({ policy: "default-src 'self'" });
    const blocked: string[] = [];
    page.on('console', (message) => blocked.push(message.text()));
    expect((await play(page)).reason).toBe('web_audio');
    expect(blocked.some((text) => text.includes('blob:'))).toBe(true);
    const before = page.workers().length;
    const started = page.waitForEvent('worker');
    expect((await play(page, { workerUrl: '/worker.js' })).reason).toBe('web_audio');
    expect(before).toBe(0);
    expect((await started).url()).toContain('/worker.js');
  });

  test('a media element keeps in step within 30 ms', async () => {
    const page = await rig.open();
    const { reason, error } = await play(page, { mode: 'media_element' });
    expect(reason).toBe('media_element');
    expect(error).toBeLessThan(0.03);
  });

  test('without time stamps of the output the player goes by its context time and latency', async () => {
    const page = await rig.open();
    const error = await page.evaluate(async () => {
      Object.defineProperty(AudioContext.prototype, 'getOutputTimestamp', { value: undefined });
      const { RoomPlayer, TestRoom, trackOf, until } = window.rig;
      const room = new TestRoom();
      const player = new RoomPlayer(room, {});
      room.play(trackOf('content.wav', 12), 0, 0.5);
      await until(
        () => player.status.current.is === 'in_step' && (player.heard?.position ?? 0) > 2,
        'in step',
        20_000,
      );
      const { error } = player.heard!;
      player.close();
      return error;
    });
    expect(Math.abs(error)).toBeLessThan(0.005);
  });

  test('volume and mute act on the sound, and are reported', async () => {
    const page = await rig.open();
    const result = await page.evaluate(async () => {
      const { openStage, trackOf } = window.rig;
      const levels: number[] = [];
      const stage = await openStage({ volume: 0.5 });
      const { room, player, context } = stage;
      room.play(trackOf('content.wav', 12), 0, 0.3);
      await stage.reach(1.2);
      const mutedAt = context.currentTime;
      player.muted = true;
      const muted = room.reports.at(-1)!.muted;
      await stage.reach(2.4);
      const unmutedAt = context.currentTime;
      player.muted = false;
      player.volume = 1;
      await stage.reach(3.6);
      const { recording } = await stage.finish();
      const { sampleRate } = context;
      for (const from of [mutedAt - 0.9, mutedAt + 0.3, unmutedAt + 0.2]) {
        const begin = Math.round(from * sampleRate - recording.firstFrame);
        levels.push(Math.max(...recording.left.subarray(begin, begin + 0.7 * sampleRate).map(Math.abs)));
      }
      return { levels, muted, status: room.reports.at(-1)!.status };
    });
    expect(result.muted).toBe(true);
    const [half, none, full] = result.levels as [number, number, number];
    expect(none).toBeLessThan(0.001);
    expect(half / full).toBeCloseTo(0.5, 1);
  });

  test('clicks come out at the whole seconds of the room clock', async () => {
    const page = await rig.open();
    const errors = await page.evaluate(async () => {
      const { openStage, until } = window.rig;
      const stage = await openStage();
      const { context, player, room } = stage;
      player.clicks = true;
      const start = context.currentTime;
      await until(() => context.currentTime > start + 4.5, 'clicks');
      const { recording, heardAt } = await stage.finish();
      const { left, firstFrame } = recording;
      const found: number[] = [];
      for (let i = 0; i < left.length; i += 1) {
        if (Math.abs(left[i]!) < 0.01) continue;
        const roomTime = room.roomTimeOf(heardAt((firstFrame + i) / context.sampleRate));
        found.push(roomTime - Math.round(roomTime));
        i += context.sampleRate / 2;
      }
      return found;
    });
    expect(errors.length).toBeGreaterThanOrEqual(3);
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(0.001);
  });

  test('an offset is remembered for its device, and another device has its own', async () => {
    const page = await rig.open();
    const offsets = await page.evaluate(() => {
      const { RoomPlayer, TestRoom } = window.rig;
      const open = (device: string) => new RoomPlayer(new TestRoom(), { device });
      const first = open('kitchen');
      first.offset = 0.035;
      first.close();
      return [open('kitchen').offset, open('headphones').offset];
    });
    expect(offsets).toEqual([0.035, 0]);
  });

  test('a track of 10 minutes takes less than 40 MB', async () => {
    const page = await rig.open();
    const before = await liveBytes(page);
    const requested = await page.evaluate(async () => {
      const { RoomPlayer, TestRoom, trackOf, until, longFile } = window.rig;
      const room = new TestRoom();
      const file = longFile(600);
      let bytes = 0;
      // Not from the network: the browser keeps what it received for the developer tools, which are attached here.
      room.fetch = (_, { range }) => {
        const [start, end] = range.slice(6).split('-').map(Number) as [number, number];
        const part = file.read(start, Math.min(end + 1, file.size));
        bytes += part.length;
        const headers = { 'content-range': `bytes ${start}-${end}/${file.size}` };
        return Promise.resolve(new Response(part as Uint8Array<ArrayBuffer>, { status: 206, headers }));
      };
      // Without a worker, so that all memory is the page's own.
      const player = new RoomPlayer(room, { workerUrl: '/none.js' });
      const track = trackOf('long.wav', 600);
      for (let position = 0; position < 600; position += 50) {
        room.play(track, position, 0.3, track);
        await until(() => Math.abs((player.heard?.position ?? -10) - position - 1.5) < 0.5, 'playing');
      }
      // Hidden pages schedule as much as any; the next track is decoded too.
      Object.defineProperty(document, 'hidden', { value: true });
      room.play({ ...track, duration: 561 }, 550, 0.3, { ...track, id: 'next' });
      await until(() => (player.heard?.position ?? 0) > 553 && room.reports.at(-1)!.buffered > 15, 'full');
      Object.assign(window, { player });
      return bytes;
    });
    const grown = (await liveBytes(page)) - before;
    expect(grown).toBeLessThan(40e6);
    // That much is decoded and scheduled ahead: 22 s of samples, 20 s of output, 10 s of the next track.
    expect(grown).toBeGreaterThan(10e6);
    // The file has 106 MB, and 20 s of it are read around each of 12 positions.
    expect(requested).toBeLessThan(40e6);
  });
});

describe('a browser that blocks sound', () => {
  test('is blocked until a click unlocks it', async () => {
    const rig = await startRig(files, { autoplay: false });
    try {
      // Code that Playwright runs in a page counts as a click: the page runs by itself, and says what it sees.
      const said: string[] = [];
      const page = await rig.openAlone('blocked', (text) => said.push(text));
      await until(() => said.includes('blocked needs_gesture, reported blocked'));
      expect(said.some((text) => text.startsWith('in_step'))).toBe(false);
      await page.mouse.click(10, 10);
      await until(() => said.includes('in_step web_audio, reported in_step'));
      expect(await page.evaluate(() => navigator.mediaSession.playbackState)).toBe('playing');
    } finally {
      await rig.close();
    }
  });
});

/** Waits for what a page said. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}
