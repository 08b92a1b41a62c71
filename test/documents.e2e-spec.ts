import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventTypes, socketMessages } from '../src/contract/index.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const json = async (path: string) => (await fetch(server.url + path)).json() as Promise<any>;

it('tells of every event and every message in the AsyncAPI document', async () => {
  const { channels, components } = await json('/api/asyncapi.json');
  const told = { ...channels.room.messages, ...channels.lobby.messages };
  expect(Object.keys(told)).toEqual(expect.arrayContaining([...eventTypes, ...Object.keys(socketMessages)]));
  expect(Object.keys(components.messages)).toEqual(expect.arrayContaining(Object.keys(told)));
  expect(channels.lobby.messages).not.toHaveProperty('track_added');
  expect(channels.room.address).toBe('/rooms/{room_id}');
});

it('describes the REST API, with errors and security for each route', async () => {
  const { paths, components } = await json('/api/openapi.json');
  const { get } = paths['/api/rooms/{id}'];
  expect(get.security).toEqual([{ bearer: [] }]);
  expect(Object.keys(get.responses)).toEqual(expect.arrayContaining(['200', '401', '403', '404', '429']));
  expect(components.schemas.RoomState.properties.queue.items).toEqual({ $ref: '#/components/schemas/Track' });
});

it('shows whoever comes to its address where to read', async () => {
  const page = await fetch(`${server.url}/`);
  expect(page.url).toBe(`${server.url}/api/docs`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('swagger-ui');
});
