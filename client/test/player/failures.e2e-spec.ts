import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { installTimeoutMs, type Rig, servedBytes, type ServedFile, startRig } from './browser.js';
import { contentChannels, contentRate, wavOf } from './content.js';
import { fixture } from './fixtures.js';
import { longFile } from './long-file.js';
import { randomFrom } from './random.js';

/** The same file, in which the bytes of a part are random. */
function garbled(bytes: Uint8Array, from: number, to: number): ServedFile {
  const copy = bytes.slice();
  const random = randomFrom(7);
  for (let at = Math.round(from * copy.length); at < to * copy.length; at += 1) copy[at] = 256 * random();
  return servedBytes(copy);
}

/** A file that the server admits as `admission` says. */
const admission = { of: (_: number): number | Promise<number> => 200 };
const guarded = (file: ServedFile): ServedFile => ({ ...file, admit: (start) => admission.of(start) });

// In real time, with a stall of 30 s.
jest.setTimeout(120_000);

const stallSeconds = 30;
const seconds = (bytes: number) => (bytes - 44) / (4 * contentRate);

describe('what can fail in the middle of a track', () => {
  let rig: Rig;
  let page: Page;
  /** Unhandled rejections and exceptions, and errors that were written to the console. */
  let errors: string[];
  beforeAll(async () => {
    const whole = wavOf(contentChannels(12));
    const encoded = await Promise.all(
      ['content.m4a', 'content-cbr.mp3', 'content.flac', 'content.ogg'].map(
        async (name) => [name, await fixture(name)] as const,
      ),
    );
    const faststart = await fixture('content-faststart.m4a');
    rig = await startRig({
      ...Object.fromEntries(
        encoded.flatMap(([name, bytes]) => [
          [`little-${name}`, garbled(bytes, 0.4, 0.55)],
          [`much-${name}`, garbled(bytes, 0.3, 0.95)],
        ]),
      ),
      'content.wav': servedBytes(whole),
      'cut.wav': servedBytes(whole.subarray(0, 44 + 4 * 4 * contentRate)),
      'cut.m4a': servedBytes(faststart.subarray(0, faststart.length / 2)),
      // The server says that there is more than it sends.
      'short.wav': {
        size: whole.length,
        read: (start, end) => whole.subarray(start, Math.min(end, 800_000)),
      },
      'long.wav': guarded(longFile(600)),
    });
  }, installTimeoutMs);
  afterAll(() => rig.close());
  beforeEach(async () => {
    errors = [];
    admission.of = () => 200;
    page = await rig.open();
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
  });
  afterEach(() => page.close());

  /** Plays a file until the status is one of these, or longer than it is. */
  const play = (file: string, duration: number, ends: string[]) =>
    page.evaluate(
      async ({ file, duration, ends }) => {
        const { Watch, trackOf, until } = window.rig;
        const watch = new Watch();
        watch.room.play(trackOf(file, duration), 0, 0.5);
        const over = watch.room.clock.now() + 0.5 + duration + 1;
        await until(
          () => ends.includes(watch.statuses.at(-1)!) || watch.room.clock.now() > over,
          `the end of ${file}`,
          60_000,
        );
        return watch.end();
      },
      { file, duration, ends },
    );

  test.each(
    ['content.m4a', 'content-cbr.mp3', 'content.flac', 'content.ogg'].flatMap((name) => [
      `little-${name}`,
      `much-${name}`,
    ]),
  )('%s, whose middle is garbage: plays on, or is silent with a reason', async (file) => {
    // The room takes it for longer than it is: behind its end there is silence.
    const { statuses, unexplained } = await play(file, 8, ['silent ended']);
    expect(unexplained).toEqual([]);
    expect(['silent ended', 'silent unplayable']).toContain(statuses.at(-1));
    expect(errors).toEqual([]);
  });

  test('a file that ends before its header says is heard to its end, and then has ended', async () => {
    const { statuses, unexplained } = await play('cut.wav', 12, ['silent ended']);
    expect(statuses.slice(-2)).toEqual(['in_step web_audio', 'silent ended']);
    expect(unexplained).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('a file that ends before its tables say is silence with its reason', async () => {
    const { statuses, unexplained } = await play('cut.m4a', 5, ['silent ended', 'silent unplayable']);
    expect(['silent ended', 'silent unplayable']).toContain(statuses.at(-1));
    expect(unexplained).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('answers that are shorter than they should be count as a failure of the network', async () => {
    const { statuses, unexplained } = await play('short.wav', 12, ['buffering network']);
    expect(statuses).toContain('in_step web_audio');
    expect(statuses.at(-1)).toBe('buffering network');
    expect(unexplained).toEqual([]);
    expect(errors).toEqual([]);
  });

  test.each([
    ['the track was removed', 404],
    ['the session has ended', 401],
  ])('%s: what is loaded is heard, then there is silence with its reason', async (_, status) => {
    const from = 44 + 5 * 4 * contentRate;
    let isOver = false;
    admission.of = (start) => {
      isOver ||= start > from;
      return isOver ? status : 200;
    };
    const { statuses, unexplained } = await play('long.wav', 600, ['silent unplayable']);
    expect(statuses.at(-1)).toBe('silent unplayable');
    expect(statuses).toContain('in_step web_audio');
    expect(unexplained).toEqual([]);
    // The browser itself writes each answer of this kind to the console.
    expect(errors.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
  });

  test(`a network that stalls for ${stallSeconds} s is buffering with its reason, and playing goes on`, async () => {
    let requestedAt = Infinity;
    admission.of = async (start) => {
      if (seconds(start) < 6) return 200;
      requestedAt = Math.min(requestedAt, performance.now());
      const left = requestedAt + 1000 * stallSeconds - performance.now();
      await new Promise((resolve) => setTimeout(resolve, left));
      return 200;
    };
    const { statuses, unexplained, position } = await page.evaluate(async (atLeast) => {
      const { Watch, trackOf, until } = window.rig;
      const watch = new Watch();
      watch.room.play(trackOf('long.wav', 600), 0, 0.5);
      await until(
        () => (watch.player.heard?.position ?? 0) > atLeast && watch.statuses.at(-1)!.startsWith('in_step'),
        'playing after the stall',
        90_000,
      );
      const { position } = watch.player.heard!;
      return { ...(await watch.end()), position };
    }, stallSeconds);
    expect(position).toBeGreaterThan(stallSeconds);
    expect(statuses).toContain('buffering network');
    expect(statuses.some((status) => status.startsWith('silent') && status !== 'silent starting')).toBe(
      false,
    );
    expect(unexplained).toEqual([]);
    expect(errors).toEqual([]);
  });
});
