import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../src/config/settings.js';
import { keyOf } from '../src/tracks/storage/audio-store.js';
import { FolderAudioStore } from '../src/tracks/storage/folder-audio-store.js';
import { audioStoreContract } from './support/audio-store-contract.js';
import { filesIn } from './support/files.js';
import { temporaryFolder } from './support/server.js';
import { mountSmallDisk } from './support/small-disk.js';

async function folderStore(dataDir: string): Promise<FolderAudioStore> {
  const store = new FolderAudioStore(readSettings({ DATA_DIR: dataDir }));
  await store.onModuleInit();
  return store;
}

const storedIn = async (dataDir: string): Promise<string[]> => [
  ...(await filesIn(dataDir, 'files')),
  ...(await filesIn(dataDir, 'trash')),
];

describe('the audio store in a folder', () => {
  audioStoreContract(async () => {
    const dataDir = await temporaryFolder();
    const uploads = join(dataDir, 'uploads');
    await mkdir(uploads);
    return {
      store: await folderStore(dataDir),
      uploads,
      everything: () => storedIn(dataDir),
      close: () => rm(dataDir, { recursive: true }),
    };
  });

  it('removes unfinished files of an earlier process at start, and keeps finished ones', async () => {
    const dataDir = await temporaryFolder();
    const content = Buffer.from('a finished file');
    const store = await folderStore(dataDir);
    await store.put(keyOf(content), content.length, { stream: Readable.from([content]) });
    await writeFile(join(dataDir, 'files', '.partial', 'unfinished'), 'a part');
    await folderStore(dataDir);
    expect(await storedIn(dataDir)).toEqual([keyOf(content)]);
    await rm(dataDir, { recursive: true });
  });

  it('refuses a file with storage_full when the disk is full, and leaves nothing of it', async () => {
    const disk = await mountSmallDisk(2);
    const store = await folderStore(disk.path);
    const content = Buffer.alloc(5 * 1024 * 1024, 7);
    const chunks = Array.from({ length: 5 }, (_, i) => content.subarray(i * 2 ** 20, (i + 1) * 2 ** 20));
    const put = store.put(keyOf(content), content.length, { stream: Readable.from(chunks) });
    await expect(put).rejects.toMatchObject({ code: 'storage_full', details: { limit: 'disk' } });
    expect(await storedIn(disk.path)).toEqual([]);
    await disk.close();
  });
});
