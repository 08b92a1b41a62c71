import { once } from 'node:events';
import { writeFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { guest, request, roomOf } from './support/api.js';
import { fixture } from './support/audio.js';
import {
  failingStart,
  type ServerProcess,
  spawnServer,
  startServer,
  temporaryFolder,
  type TestServer,
} from './support/server.js';

describe('a start with an invalid setting', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('ends with one line that names the variable, its value and what is allowed', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'not a folder');
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const wrong: [string, string][] = [
      ['TRUST_PROXY', 'maybe'],
      ['DATA_DIR', file],
      ['DATABASE_URL', 'postgres://somebody:secret@127.0.0.1:1/nowhere'],
      ['PORT', String(port)],
      ['HOST', '203.0.113.1'],
    ];
    for (const [name, value] of wrong) {
      const { code, text } = await failingStart({ DATA_DIR: join(folder, 'data'), [name]: value });
      expect(code).toBe(1);
      expect(text.split('\n')).toHaveLength(1);
      expect(text).toContain(`${name} is `);
      expect(text).toContain('allowed: ');
      expect(text).not.toContain('secret');
    }
    taken.close();
  }, 60_000);
});

describe('a body that is not JSON', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  it('is refused with 415, not ignored', async () => {
    const ada = await guest(server.url, 'ada');
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream']) {
      const answer = await request(server.url, 'POST', '/rooms', {
        headers: { authorization: `Bearer ${ada.token}`, 'content-type': type },
        body: 'name=Room',
      });
      expect([answer.status, answer.body.error.code]).toEqual([415, 'unsupported_media_type']);
    }
    expect((await ada.get('/rooms')).body.rooms).toEqual([]);
    expect((await ada.post('/auth/refresh')).status).toBe(200);
  });
});

describe('the built server', () => {
  let folder: string;
  let server: ServerProcess;
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await spawnServer({ DATA_DIR: folder });
  });
  afterAll(async () => {
    await server.end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['mp3', 'm4a', 'aac', 'flac', 'wav', 'ogg', 'opus'])(
    'accepts an upload of %s',
    async (extension) => {
      const name = extension === 'aac' ? 'plain.aac' : `tagged.${extension}`;
      const ada = await guest(server.url, 'ada');
      const room = await roomOf(ada);
      const { status, body } = await ada.upload(room.id, fixture(name), name);
      expect(status).toBe(201);
      expect(body.track.duration).toBeGreaterThan(1);
      if (extension !== 'aac') expect(body.track).toMatchObject({ title: 'Steel', artist: 'Ada' });
    },
  );

  it('locks its data folder until it ends, even if it is killed', async () => {
    const own = await temporaryFolder();
    const first = await spawnServer({ DATA_DIR: own });
    try {
      const { code, text } = await failingStart({ DATA_DIR: own });
      expect(code).toBe(1);
      expect(text.split('\n')).toHaveLength(1);
      expect(text).toContain(`DATA_DIR is "${own}"; allowed: a folder that no other server uses`);
      expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
    } finally {
      await first.end('SIGKILL');
    }
    const next = await spawnServer({ DATA_DIR: own });
    await next.end('SIGKILL');
    await rm(own, { recursive: true, force: true });
  });

  it('answers unknown paths with 404 in the error format', async () => {
    for (const path of ['/api/nothing', '/nothing', '/health/nothing', '/api']) {
      const answer = await fetch(`${server.url}${path}`);
      expect([path, answer.status, await answer.json()]).toEqual([
        path,
        404,
        { error: { code: 'not_found', message: 'No route matches this path.' } },
      ]);
    }
  });

  it('serves the API documentation page with all files that it needs', async () => {
    const page = await (await fetch(`${server.url}/api/docs`)).text();
    const parts = [...page.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map(([, path]) => path!);
    expect(parts).toContain('./docs/swagger-ui-bundle.js');
    for (const path of parts) {
      expect([path, (await fetch(new URL(path, `${server.url}/api/docs`))).status]).toEqual([path, 200]);
    }
  });
});
