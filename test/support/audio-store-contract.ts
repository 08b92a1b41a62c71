import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AudioStore, type ByteRange, keyOf } from '../../src/tracks/storage/audio-store.js';
import { eventually } from './listener.js';

/** An empty audio store and what the suite has to know of it. */
export interface TestStore {
  store: AudioStore;
  /** A folder from which `put` can take local files. */
  uploads: string;
  /** Everything that is stored in any form, unfinished files and the trash included. */
  everything(): Promise<string[]>;
  /** Removes the store and what is in it. */
  close(): Promise<void>;
}

/** The behaviour that every AudioStore has. @param start makes an empty store for each test */
export function audioStoreContract(start: () => Promise<TestStore>): void {
  // More than one chunk of a stream.
  const content = randomBytes(300_000);
  const key = keyOf(content);
  const size = content.length;
  const missing = { status: 'missing', location: expect.any(String) };

  let test: TestStore;
  let store: AudioStore;
  beforeEach(async () => {
    test = await start();
    ({ store } = test);
  });
  afterEach(() => test.close());

  const putBytes = (bytes: Uint8Array) =>
    store.put(keyOf(bytes), bytes.length, { stream: Readable.from([bytes]) });

  async function localFile(bytes: Uint8Array): Promise<{ path: string }> {
    const path = join(test.uploads, randomBytes(8).toString('hex'));
    await writeFile(path, bytes);
    return { path };
  }

  /** Opens a file that has to be there and reads it. Content is compared by its hash: Jest compares buffers slowly. */
  async function read(of = key, range?: ByteRange) {
    const file = await store.open(of, range);
    if (file.status !== 'opened') throw new Error(`${of} could not be opened: ${file.status}`);
    const { first, last, totalBytes, reader } = file;
    const bytes: Buffer[] = [];
    // Shorter than a file, and no divisor of its size.
    const into = Buffer.alloc(60_001);
    for (let count = await reader.read(into); count > 0; count = await reader.read(into)) {
      bytes.push(Buffer.from(into.subarray(0, count)));
    }
    expect(await reader.read(into)).toBe(0);
    await reader.close();
    return { first, last, totalBytes, sha256: keyOf(Buffer.concat(bytes)) };
  }
  const whole = { first: 0, last: size - 1, totalBytes: size, sha256: key };

  async function keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const each of store.list()) found.push(each);
    return found.sort();
  }

  describe('put', () => {
    it('stores a local file', async () => {
      await store.put(key, size, await localFile(content));
      expect(await read()).toEqual(whole);
      expect(await keys()).toEqual([key]);
    });

    it('stores a stream', async () => {
      const chunks = Array.from({ length: 30 }, (_, i) => content.subarray(i * 10_000, (i + 1) * 10_000));
      await store.put(key, size, { stream: Readable.from(chunks) });
      expect(await read()).toEqual(whole);
      expect(await keys()).toEqual([key]);
    });

    it('stores an empty file', async () => {
      const empty = Buffer.alloc(0);
      await store.put(keyOf(empty), 0, await localFile(empty));
      expect(await read(keyOf(empty))).toEqual({ first: 0, last: -1, totalBytes: 0, sha256: keyOf(empty) });
    });

    it('leaves a file that is stored already as it is', async () => {
      await putBytes(content);
      await store.put(key, size, await localFile(content));
      await putBytes(content);
      expect(await read()).toEqual(whole);
      expect(await test.everything()).toHaveLength(1);
    });

    it('stores a file once when it is put several times at once', async () => {
      const files = await Promise.all([localFile(content), localFile(content), localFile(content)]);
      const streams = files.map(() => ({ stream: Readable.from([content]) }));
      await Promise.all([...files, ...streams].map((source) => store.put(key, size, source)));
      expect(await read()).toEqual(whole);
      expect(await test.everything()).toHaveLength(1);
    });

    it('does not show a file before it is complete', async () => {
      const stream = new PassThrough();
      const done = store.put(key, size, { stream });
      stream.write(content.subarray(0, 200_000));
      await eventually(() => stream.readableLength === 0, 'the store to read the first part');
      expect(await store.open(key)).toEqual(missing);
      expect(await keys()).toEqual([]);
      stream.end(content.subarray(200_000));
      await done;
      expect(await read()).toEqual(whole);
    });

    it('leaves nothing when the stream fails, and works on the next attempt', async () => {
      const stream = new PassThrough();
      const done = store.put(key, size, { stream });
      stream.write(content.subarray(0, 200_000));
      await eventually(() => stream.readableLength === 0, 'the store to read the first part');
      stream.destroy(new Error('cut off'));
      await expect(done).rejects.toThrow('cut off');
      expect(await store.open(key)).toEqual(missing);
      expect(await test.everything()).toEqual([]);
      await putBytes(content);
      expect(await read()).toEqual(whole);
    });

    it.each([
      ['longer', size - 1],
      ['shorter', size + 1],
    ])('leaves nothing when the stream is one byte %s than announced', async (_, announced) => {
      await expect(store.put(key, announced, { stream: Readable.from([content]) })).rejects.toThrow();
      expect(await store.open(key)).toEqual(missing);
      expect(await test.everything()).toEqual([]);
    });
  });

  describe('open', () => {
    beforeEach(() => putBytes(content));

    it.each<[string, ByteRange, number, number]>([
      ['the first byte', { first: 0, last: 0 }, 0, 0],
      ['a range within the file', { first: 70_000, last: 199_999 }, 70_000, 199_999],
      ['a range without an end', { first: 299_000 }, 299_000, size - 1],
      ['a range that goes beyond the end', { first: 299_000, last: 10 * size }, 299_000, size - 1],
      ['the last bytes', { suffixBytes: 500 }, size - 500, size - 1],
      ['more last bytes than there are', { suffixBytes: 10 * size }, 0, size - 1],
    ])('reads %s', async (_, range, first, last) => {
      expect(await read(key, range)).toEqual({
        first,
        last,
        totalBytes: size,
        sha256: keyOf(content.subarray(first, last + 1)),
      });
    });

    it.each<[string, ByteRange]>([
      ['that begins at the end', { first: size }],
      ['that begins beyond the end', { first: size + 5, last: size + 9 }],
      ['of the last 0 bytes', { suffixBytes: 0 }],
    ])('gives the size but no stream for a range %s', async (_, range) => {
      expect(await store.open(key, range)).toEqual({ status: 'range_not_satisfiable', totalBytes: size });
    });

    it('reads a file for several readers at once, and continues if one of them stops', async () => {
      const stopped = await store.open(key);
      if (stopped.status === 'opened') await stopped.reader.close();
      const [first, second] = await Promise.all([read(), read(key, { first: 10, last: 19 })]);
      expect(first).toEqual(whole);
      expect(second.sha256).toBe(keyOf(content.subarray(10, 20)));
    });

    it.each<[string, ByteRange | undefined]>([
      ['as a whole', undefined],
      ['by a range', { first: 0, last: 9 }],
      ['by its last bytes', { suffixBytes: 9 }],
    ])('reports a missing file, opened %s', async (_, range) => {
      expect(await store.open(keyOf(Buffer.from('another')), range)).toEqual(missing);
    });
  });

  describe('remove', () => {
    it('deletes a file and no other', async () => {
      const other = Buffer.from('other');
      await putBytes(content);
      await putBytes(other);
      await store.remove(key);
      expect(await store.open(key)).toEqual(missing);
      expect(await keys()).toEqual([keyOf(other)]);
      expect(await test.everything()).toHaveLength(1);
    });

    it('does nothing for a file that is missing', async () => {
      await store.remove(key);
      expect(await test.everything()).toEqual([]);
    });

    it('is undone by storing the file again', async () => {
      await putBytes(content);
      await store.remove(key);
      await putBytes(content);
      expect(await read()).toEqual(whole);
    });
  });

  it('list yields each stored file once', async () => {
    const files = Array.from({ length: 40 }, (_, i) => Buffer.from(`file ${i}`));
    await Promise.all(files.map(putBytes));
    expect(await keys()).toEqual(files.map(keyOf).sort());
  });

  describe('the trash', () => {
    const day = Date.parse('2026-05-04T00:00:00Z') / 1000;
    const trashed = { key, day };
    beforeEach(async () => {
      await putBytes(content);
      await store.moveToTrash(key, day + 40_000.5);
    });

    it('contains files that can no longer be opened or listed, each with the day on which it was moved', async () => {
      expect(await store.open(key)).toEqual(missing);
      expect(await keys()).toEqual([]);
      expect(await store.listTrash()).toEqual([trashed]);
    });

    it('restores a file', async () => {
      await store.restore(trashed);
      expect(await read()).toEqual(whole);
      expect(await store.listTrash()).toEqual([]);
      expect(await test.everything()).toHaveLength(1);
    });

    it('deletes a file, but not the same file that was stored again', async () => {
      await putBytes(content);
      await store.deleteFromTrash(trashed);
      expect(await store.listTrash()).toEqual([]);
      expect(await read()).toEqual(whole);
    });

    it('does nothing if the file to delete is missing', async () => {
      await store.deleteFromTrash(trashed);
      await store.deleteFromTrash(trashed);
      expect(await test.everything()).toEqual([]);
    });
  });
}
