import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type CuttableProxy, cuttableProxy } from '../../client/test/support/cuttable-proxy.js';
import { installTimeoutMs } from '../../client/test/player/browser.js';
import { fixture, wav } from '../../test/support/audio.js';
import { guest, person, type Person, request, roomOf } from '../../test/support/api.js';
import { eventually } from '../../test/support/listener.js';
import { builtPage, pageTimeoutMs } from '../../test/support/page.js';
import { type ServerProcess, spawnServer, temporaryFolder } from '../../test/support/server.js';
import { patienceMs, phone, startBrowser, type TestBrowser, type Visitor } from './support/visitor.js';

let server: ServerProcess;
let browser: TestBrowser;
const visitors: Visitor[] = [];
const proxies: CuttableProxy[] = [];

beforeAll(async () => {
  await builtPage();
  server = await spawnServer({ DATA_DIR: await temporaryFolder() });
  browser = await startBrowser();
}, installTimeoutMs + pageTimeoutMs);
afterEach(async () => {
  for (const visitor of visitors.splice(0)) await visitor.close();
  for (const proxy of proxies.splice(0)) await proxy.close();
});
afterAll(async () => {
  await browser.close();
  await server.end('SIGKILL');
});

async function visit(...options: Parameters<TestBrowser['visit']>): Promise<Visitor> {
  const visitor = await browser.visit(...options);
  visitors.push(visitor);
  return visitor;
}

/** The API as whoever is signed in on this page. */
async function apiOf({ page }: Visitor): Promise<Person> {
  const stored = await page.evaluate(() => localStorage.getItem('roomcast.session'));
  const { token, user } = JSON.parse(stored!) as { token: string; user: Person['user'] };
  return person(server.url, token, user);
}

const testMs = 4 * patienceMs;

it(
  'two people go from a link to a room that they hear and change together',
  async () => {
    const ada = await visit();
    await ada.goTo(server.url);
    await ada.page.getByLabel('Your name').fill('Ada');
    await ada.button('Continue').click();
    await ada.page.getByLabel('Name of the room').fill('Friday night');
    await ada.button('Create room').click();
    await ada.isInside();
    await ada.sees('Nothing is playing');

    // Three formats, one of them long enough to be heard to the end of this test.
    await ada.addMusic([{ name: 'Long tone.wav', buffer: wav(600, 220) }]);
    await ada.hearsTheRoom();
    await ada.addMusic([
      { name: 'tagged.flac', buffer: fixture('tagged.flac') },
      { name: 'tagged.ogg', buffer: fixture('tagged.ogg') },
      { name: 'Second tone.wav', buffer: wav(600, 330) },
    ]);
    await eventually(async () => (await ada.queue()).length === 3, 'three tracks in the queue', patienceMs);

    // Bob has the link: a preview, his name, one tap, and he hears what Ada hears.
    const bob = await visit({ size: phone });
    const link = ada.page.url();
    await bob.goTo(link);
    await bob.seesHeading('Friday night');
    await bob.sees(/Ada/);
    await bob.enter('Bob');
    await bob.hearsTheRoom();
    await ada.sees(/Bob.* joined the room/);
    expect(await bob.queue()).toEqual(await ada.queue());

    // A vote moves the last track to the top, on both pages.
    await bob.button(/^Vote for .*Second tone/).click();
    expect(await bob.button(/^Vote for .*Second tone/).getAttribute('aria-pressed')).toBe('true');
    for (const visitor of [ada, bob]) {
      await eventually(
        async () => (await visitor.queue())[0]?.includes('Second tone') ?? false,
        'the voted track on top',
        patienceMs,
      );
    }

    await ada.button('Pause').click();
    await bob.sees('Paused');
    await ada.button('Play').click();
    await bob.hearsTheRoom();

    await ada.button('Next track').click();
    for (const visitor of [ada, bob]) await visitor.seesHeading(/Second tone/);
    await bob.hearsTheRoom();

    // Removed by the administrator, with a way back.
    await ada.button(/^Remove .*Bob/).click();
    await ada.button('Remove from the room').click();
    await bob.seesHeading(/You are not in .*Friday night.* any more/);
    await bob.button(/Come in again|Come back/).click();
    const [door, inside] = [bob.button('Listen'), bob.button('Leave the room')];
    await door.or(inside).first().waitFor();
    if (await door.isVisible()) await door.click();
    await bob.isInside();

    expect([...ada.complaints, ...bob.complaints]).toEqual([]);
  },
  testMs,
);

it(
  'whoever was offline sees what is waited for, and then what has happened meanwhile',
  async () => {
    const ada = await guest(server.url, 'Ada');
    const room = await roomOf(ada, [], { name: 'Kitchen' });
    await ada.upload(room.id, wav(600, 440), 'One.wav');
    const proxy = await cuttableProxy(server.url);
    proxies.push(proxy);
    const bob = await visit();
    await bob.goTo(`${proxy.url}/rooms/${room.id}`);
    await bob.enter('Bob');
    await bob.hearsTheRoom();

    proxy.isOpen = false;
    proxy.cut();
    await bob.sees(/the next attempt begins/);
    await ada.upload(room.id, wav(30, 550), 'While away.wav');
    proxy.isOpen = true;
    await bob.sees('While away');
    await bob.hearsTheRoom();
    expect(bob.complaints.filter((text) => !/WebSocket|ERR_/.test(text))).toEqual([]);
  },
  testMs,
);

describe('every end says what happened and how to go on', () => {
  const nowhere = '0192f0c1-0000-7000-8000-000000000000';

  it.each([
    { link: `/rooms/${nowhere}`, title: 'There is no such room' },
    { link: '/rooms/not-an-id', title: 'There is no such room' },
    { link: '/join/no-such-invite', title: 'This invite is not valid any more' },
    { link: '/no/such/page', title: 'This page does not exist' },
  ])(
    '$link: $title',
    async ({ link, title }) => {
      const eve = await visit({ size: phone });
      await eve.goTo(server.url + link);
      // Some rooms are known only to whoever is signed in.
      const name = eve.page.getByLabel('Your name');
      const heading = eve.page.getByRole('heading', { name: title }).first();
      // The door may be replaced by the end at any moment.
      const entered = name.fill('Eve').then(() => eve.button('Listen').click());
      void entered.catch(() => undefined);
      await heading.waitFor();
      await eve.page.getByRole('link').or(eve.page.getByRole('button')).first().waitFor();
      expect(eve.complaints).toEqual([]);
    },
    testMs,
  );

  it(
    'banned, deleted, signed out',
    async () => {
      const ada = await guest(server.url, 'Ada');
      const room = await roomOf(ada, [], { name: 'Attic' });
      const [bob, cyd, eve] = [await visit(), await visit(), await visit()];
      for (const [index, visitor] of [bob, cyd, eve].entries()) {
        await visitor.goTo(`${server.url}/rooms/${room.id}`);
        await visitor.enter(['Bob', 'Cyd', 'Eve'][index]!);
      }
      await ada.delete(`/rooms/${room.id}/participants/${(await apiOf(bob)).user.id}?ban=true`);
      await bob.seesHeading(/You cannot come into .*Attic/);
      await request(server.url, 'POST', '/auth/logout', {
        headers: { authorization: `Bearer ${(await apiOf(cyd)).token}` },
      });
      await cyd.seesHeading('You are signed out');
      await ada.delete(`/rooms/${room.id}`);
      await eve.seesHeading(/.*Attic.* is closed/);
    },
    testMs,
  );
});

it(
  'texts of users are shown as text, and break nothing',
  async () => {
    const hostile = [
      '<img src=x onerror=alert(1)>',
      '"><script>alert(2)</script>',
      'wide'.repeat(10),
      '🎉👩‍👩‍👧‍👦🏳️‍🌈',
    ];
    const ada = await guest(server.url, '<b>Ada</b>');
    const room = await roomOf(ada, [], { name: hostile[0] });
    for (const [index, text] of hostile.entries()) {
      await ada.upload(room.id, wav(60, 300 + index), `${text.replaceAll('/', '∕')}.wav`);
    }
    const bob = await visit({ size: phone });
    await bob.goTo(`${server.url}/rooms/${room.id}`);
    await bob.enter("Bob'); alert(3); ('");
    await bob.sees(hostile[0]!);
    await eventually(async () => (await bob.queue()).length === 3, 'the queue', patienceMs);
    const found = await bob.page.evaluate(() => ({
      images: document.querySelectorAll('img[src="x"]').length,
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }));
    expect(found).toEqual({ images: 0, overflow: 0 });
    expect(bob.complaints).toEqual([]);
  },
  testMs,
);

it(
  'a browser that blocks sound shows one button, which turns it on',
  async () => {
    const ada = await guest(server.url, 'Ada');
    const room = await roomOf(ada, [], { name: 'Garage' });
    await ada.upload(room.id, wav(600, 440), 'One.wav');
    const strict = await startBrowser({ autoplay: false });
    try {
      const eve = await strict.visit({ size: phone });
      const { token, user } = await guest(server.url, 'Eve');
      // For the browser the click of a script is none; those of the test would be.
      await eve.page.addInitScript((session) => {
        localStorage.setItem('roomcast.session', session);
        const timer = setInterval(() => {
          const door = [...document.querySelectorAll('button')].find(({ textContent }) =>
            textContent.includes('Listen'),
          );
          door?.click();
          if (door) clearInterval(timer);
        }, 50);
      }, JSON.stringify({ token, user }));
      // Looking for an element counts as a gesture too: not before the player has tried to begin.
      const connection = eve.page.waitForEvent('websocket');
      await eve.goTo(`${server.url}/rooms/${room.id}`);
      const told = ({ payload }: { payload: string | Buffer }) => payload.includes('"blocked"');
      await (await connection).waitForEvent('framesent', told);
      await eve.button('Turn on the sound').click();
      await eve.hearsTheRoom();
      await eve.button('Turn on the sound').waitFor({ state: 'hidden' });
      expect(eve.complaints).toEqual([]);
    } finally {
      await strict.close();
    }
  },
  testMs,
);
