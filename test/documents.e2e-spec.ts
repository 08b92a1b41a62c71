import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventTypes, socketMessages } from '../src/contract/index.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const json = async (path: string) => (await fetch(server.url + path)).json() as Promise<any>;

it('the AsyncAPI document has every event and every message', async () => {
  const { channels, components } = await json('/api/asyncapi.json');
  const told = { ...channels.room.messages, ...channels.lobby.messages };
  expect(Object.keys(told)).toEqual(expect.arrayContaining([...eventTypes, ...Object.keys(socketMessages)]));
  expect(Object.keys(components.messages)).toEqual(expect.arrayContaining(Object.keys(told)));
  expect(channels.lobby.messages).not.toHaveProperty('track_added');
  expect(channels.room.address).toBe('/rooms/{room_id}');
});

it('the AsyncAPI document describes the payload of a message by the DTO that validates it', async () => {
  const { components } = await json('/api/asyncapi.json');
  expect(components.messages.replay.payload).toMatchObject({
    type: 'object',
    required: ['after_sequence'],
    properties: { after_sequence: { type: 'integer' }, limit: { type: 'integer', default: 100 } },
  });
  expect(components.messages.time_sync.payload).toEqual({ type: 'object', properties: {} });
});

it('the OpenAPI document has errors and security for each route', async () => {
  const { paths, components } = await json('/api/openapi.json');
  const { get } = paths['/api/rooms/{id}'];
  expect(get.security).toEqual([{ bearer: [] }]);
  expect(Object.keys(get.responses)).toEqual(expect.arrayContaining(['200', '401', '403', '404', '429']));
  expect(components.schemas.RoomState.properties.queue.items).toEqual({ $ref: '#/components/schemas/Track' });
});

it('the documentation page has no inline scripts, and its content security policy allows none', async () => {
  const page = await fetch(`${server.url}/api/docs`);
  const policy = page.headers.get('content-security-policy')!;
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  const html = await page.text();
  const scripts = [...html.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)];
  expect(scripts.length).toBeGreaterThan(0);
  for (const [, attributes, code] of scripts) {
    expect(code!.trim()).toBe('');
    const path = /src="\.\/([^"]+)"/.exec(attributes!)![1]!;
    expect((await fetch(`${server.url}/api/${path}`)).status).toBe(200);
  }
  expect(html).not.toMatch(/\son\w+=/);
});

it('the OpenAPI document is served as JSON only', async () => {
  for (const path of ['/api/docs-yaml', '/api/docs-json', '/api/openapi.yaml']) {
    const answer = await fetch(server.url + path);
    expect({ path, status: answer.status }).toEqual({ path, status: 404 });
    expect(await answer.json()).toMatchObject({ error: { code: 'not_found' } });
  }
});

it('API answers, errors included, have no-store and a content security policy that allows nothing', async () => {
  const guest = await fetch(`${server.url}/api/auth/guest`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"username":"ada"}',
  });
  const answers = [
    guest,
    ...(await Promise.all(
      ['/api/time', '/api/rooms', '/api/nothing'].map((path) => fetch(server.url + path)),
    )),
  ];
  expect(answers.map(({ status }) => status)).toEqual([201, 200, 401, 404]);
  for (const { headers } of answers) {
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
  }
  for (const path of ['/api/openapi.json', '/api/asyncapi.json', '/api/docs']) {
    expect((await fetch(server.url + path)).headers.get('cache-control')).not.toBe('no-store');
  }
});
