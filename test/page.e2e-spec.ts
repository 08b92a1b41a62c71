import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium } from 'playwright-core';
import { chromiumPath, installTimeoutMs } from '../client/test/player/browser.js';
import { maxRefusals } from '../src/limits/refusals.js';
import { builtPage, pageTimeoutMs } from './support/page.js';
import { RawConnection } from './support/raw-http.js';
import { startServer, temporaryFolder, type TestServer } from './support/server.js';

const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const script = `export const text = '${'x'.repeat(2000)}';`;

let parent: string;
let server: TestServer;
let unbuilt: TestServer;
beforeAll(async () => {
  parent = await temporaryFolder();
  const folder = join(parent, 'dist');
  const html =
    '<script nonce="__CSP_NONCE__" src="/assets/a-1.js"></script><style nonce="__CSP_NONCE__"></style>';
  const files: Record<string, string | Buffer> = {
    'index.html': html,
    'sw.js': '/* worker */',
    'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'icon-192.png': 'png',
    'manifest.webmanifest': '{}',
    'assets/a-1.js': script,
    'assets/a-1.js.br': brotliCompressSync(script),
    'assets/a-1.js.gz': gzipSync(script),
    '.env': 'SECRET=1',
    'assets/.git/config': 'secret',
    '../secret.txt': 'secret',
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  server = await startServer({ RATE_LIMIT: 'on' }, undefined, pathToFileURL(`${folder}/`));
  unbuilt = await startServer({}, undefined, pathToFileURL(join(parent, 'nowhere/')));
});
afterAll(async () => {
  await server.close();
  await unbuilt.close();
  await rm(parent, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(server.url + path, { method, headers });
const open = (path: string) => get(path, { accept: browserAccept });

async function expectNotFound(answer: Response): Promise<void> {
  expect({ path: new URL(answer.url).pathname, status: answer.status }).toMatchObject({ status: 404 });
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(await answer.json()).toMatchObject({ error: { code: 'not_found' } });
}

describe('the page', () => {
  it('is answered at every path that is not the API’s to a client that asks for HTML', async () => {
    for (const path of ['/', '/index.html', '/rooms/0192f0c1', '/invite/abc?from=chat', '/apiary']) {
      const answer = await open(path);
      expect({ path, status: answer.status }).toEqual({ path, status: 200 });
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(await answer.text()).toContain('/assets/a-1.js');
    }
    expect((await get('/')).status).toBe(200);
  });

  it('has a new nonce in each answer, in the policy and in every element, and is not cached', async () => {
    const nonces = new Set<string>();
    for (let i = 0; i < 3; i += 1) {
      const answer = await open('/');
      const html = await answer.text();
      const found = [...html.matchAll(/nonce="([^"]*)"/g)].map(([, nonce]) => nonce!);
      expect(found).toEqual([found[0], found[0]]);
      expect(found[0]).toMatch(/^[\w+/]{22}==$/);
      nonces.add(found[0]!);
      const policy = answer.headers.get('content-security-policy')!.split('; ');
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          `script-src 'self' 'nonce-${found[0]}'`,
          `style-src 'self' 'nonce-${found[0]}'`,
          "connect-src 'self'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
        ]),
      );
      expect(policy.join()).not.toMatch(/unsafe|\*|https?:/);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    expect(nonces.size).toBe(3);
    const { headers } = await open('/');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('permissions-policy')).toMatch(/autoplay=\(self\).*camera=\(\).*microphone=\(\)/);
  });

  it('is not answered below /api, to other methods, or to clients that ask for something else', async () => {
    for (const path of ['/api', '/api/nothing', '/health/nothing', '/metrics/nothing']) {
      await expectNotFound(await open(path));
    }
    await expectNotFound(await get('/rooms/1'));
    await expectNotFound(await get('/rooms/1', { accept: 'application/json' }));
    await expectNotFound(await get('/', { accept: 'application/json' }));
    await expectNotFound(await get('/', { accept: browserAccept }, 'POST'));
  });

  it('HEAD has the headers of GET and no body', async () => {
    const connection = await new RawConnection(server.url).open();
    const request = `HEAD / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n`;
    connection.send(`${request}\r\n${request}Connection: close\r\n\r\n`);
    await connection.closed();
    expect(connection.statuses).toEqual([200, 200]);
    expect(connection.text).not.toContain('<');
    expect(connection.text).toMatch(/content-length: [1-9]/i);
  });

  it('says how to build it where it has not been built; the API works', async () => {
    const answer = await fetch(unbuilt.url, { headers: { accept: browserAccept } });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    expect(await answer.text()).toContain('npm run build');
    expect((await fetch(`${unbuilt.url}/api/time`)).status).toBe(200);
    await expectNotFound(await fetch(`${unbuilt.url}/assets/a-1.js`));
  });
});

describe('the files of the page', () => {
  it('with a hash in their names are cached for a year, the others for an hour at most', async () => {
    const cacheControl = async (path: string) => (await get(path)).headers.get('cache-control');
    expect(await cacheControl('/assets/a-1.js')).toBe('public, max-age=31536000, immutable');
    for (const path of ['/icon.svg', '/icon-192.png', '/manifest.webmanifest']) {
      expect(await cacheControl(path)).toBe('public, max-age=3600');
    }
    expect(await cacheControl('/sw.js')).toBe('no-cache');
  });

  it('are sent as the build compressed them, if the client accepts that', async () => {
    const connection = await new RawConnection(server.url).open();
    const answer = async (encodings: string) => {
      const { headers } = await get('/assets/a-1.js', { 'accept-encoding': encodings }, 'HEAD');
      expect(headers.get('vary')).toContain('Accept-Encoding');
      expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      return [headers.get('content-encoding'), Number(headers.get('content-length'))];
    };
    expect(await answer('gzip, deflate, br')).toEqual(['br', brotliCompressSync(script).length]);
    expect(await answer('gzip, br;q=0')).toEqual(['gzip', gzipSync(script).length]);
    expect(await answer('identity')).toEqual([null, script.length]);
    connection.send(
      'GET /assets/a-1.js HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\nConnection: close\r\n\r\n',
    );
    await connection.closed();
    const body = Buffer.from(connection.text.slice(connection.text.indexOf('\r\n\r\n') + 4), 'latin1');
    expect(brotliDecompressSync(body).toString()).toBe(script);
    expect(await (await get('/assets/a-1.js')).text()).toBe(script);
  });

  it('are answered with 304 if they have not changed', async () => {
    const etag = (await get('/icon.svg')).headers.get('etag')!;
    const again = await get('/icon.svg', { 'if-none-match': etag, 'cache-control': '' });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await get('/icon.svg', { 'if-none-match': '"other"', 'cache-control': '' })).status).toBe(200);
  });

  it('are the only ones: nothing hidden, no folder, nothing outside, no compressed copy by its name', async () => {
    const paths = [
      ...['/.env', '/assets/.git/config', '/assets', '/assets/', '/assets/a-1.js.br', '/assets/a-2.js'],
      ...['/favicon.ico', '/../secret.txt', '/assets/../../secret.txt', '/%2e%2e/secret.txt'],
      ...['/..%2fsecret.txt', '/assets/..\\..\\secret.txt', '//secret.txt', '/%00.js', '/assets/%zz.js'],
    ];
    for (const path of paths) {
      // fetch would resolve the dots itself.
      const connection = await new RawConnection(server.url).open();
      connection.send(
        `GET ${path} HTTP/1.1\r\nHost: a\r\nAccept: ${browserAccept}\r\nConnection: close\r\n\r\n`,
      );
      await connection.closed();
      expect({ path, statuses: connection.statuses }).toEqual({ path, statuses: [404] });
      expect(connection.body).toMatchObject({ error: { code: 'not_found' } });
    }
  });

  it('remain as they were when the server started, also while a new build replaces them', async () => {
    await rm(join(parent, 'dist'), { recursive: true });
    expect(await (await get('/assets/a-1.js')).text()).toBe(script);
    expect((await open('/')).status).toBe(200);
  });
});

it('loading the page often is not refused', async () => {
  for (let loads = 0; loads <= maxRefusals / 15; loads += 1) {
    const answers = await Promise.all([
      open('/'),
      ...Array.from({ length: 14 }, () => get('/assets/a-1.js', {}, 'HEAD')),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(15).fill(200));
  }
});

describe('in Chromium', () => {
  let real: TestServer;
  beforeAll(async () => {
    real = await startServer({}, undefined, await builtPage());
  }, installTimeoutMs + pageTimeoutMs);
  afterAll(() => real.close());

  it('the built page breaks no rule of its policy, which allows WebSockets of the own host alone', async () => {
    const browser = await chromium.launch({
      executablePath: await chromiumPath(),
      args: ['--no-sandbox'],
    });
    try {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      page.on('pageerror', ({ message }) => errors.push(message));
      await page.goto(real.url);
      await page.locator('#root > *').first().waitFor({ state: 'attached' });

      const connect = (url: string) =>
        page.evaluate<string>(`new Promise((resolve) => {
          document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
          const socket = new WebSocket(${JSON.stringify(url)});
          socket.onopen = () => resolve('open');
          socket.onclose = () => resolve('closed');
        })`);
      const own = real.url.replace('http', 'ws');
      expect(await connect(`${own}/socket.io/?EIO=4&transport=websocket`)).toBe('open');
      expect(errors).toEqual([]);
      const other = server.url.replace('http', 'ws');
      expect(await connect(`${other}/socket.io/?EIO=4&transport=websocket`)).toBe('connect-src');
    } finally {
      await browser.close();
    }
  });
});
