import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { installTimeoutMs } from '../../client/test/player/browser.js';
import { wav, wavWithCover } from '../../test/support/audio.js';
import { guest, type Person, roomOf } from '../../test/support/api.js';
import { eventually } from '../../test/support/listener.js';
import { builtPage, pageTimeoutMs } from '../../test/support/page.js';
import { type ServerProcess, spawnServer, temporaryFolder } from '../../test/support/server.js';
import { patienceMs, phone, startBrowser, type TestBrowser, type Visitor } from './support/visitor.js';

let server: ServerProcess;
let browser: TestBrowser;
const visitors: Visitor[] = [];

beforeAll(async () => {
  await builtPage();
  server = await spawnServer({ DATA_DIR: await temporaryFolder() });
  browser = await startBrowser();
}, installTimeoutMs + pageTimeoutMs);
afterEach(async () => {
  for (const visitor of visitors.splice(0)) await visitor.close();
});
afterAll(async () => {
  await browser.close();
  await server.end('SIGKILL');
});

/** Goes through the door of the room as this person. */
async function enter(as: Person, roomId: string, size?: typeof phone): Promise<Visitor> {
  const visitor = await browser.visit(size ? { size } : {});
  visitors.push(visitor);
  await visitor.signIn(as);
  await visitor.goTo(`${server.url}/rooms/${roomId}`);
  await visitor.button('Listen').click();
  await visitor.isInside();
  return visitor;
}

/** Waits until the page of each shows this queue. */
async function allSee(visitors: Visitor[], queue: string[]): Promise<void> {
  for (const visitor of visitors) {
    await eventually(
      async () => (await visitor.queue()).join() === queue.join(),
      `the queue ${queue.join(', ')}`,
      patienceMs,
    );
  }
}

const openTab = ({ page }: Visitor, name: string): Promise<void> =>
  page.getByRole('tab', { name }).first().click();

const position = async ({ page }: Visitor): Promise<number> =>
  Number(await page.getByRole('slider', { name: 'Position' }).first().getAttribute('aria-valuenow'));

const testMs = 5 * patienceMs;

it(
  'the rules that the administrator sets hold for everyone, and the room shows what each does',
  async () => {
    const [adaUser, bobUser] = [await guest(server.url, 'Ada'), await guest(server.url, 'Bob')];
    const room = await roomOf(adaUser, [bobUser], { name: 'Friday night' });
    await adaUser.upload(room.id, wavWithCover(600, 220), 'Covered.wav');
    for (const [index, name] of ['One', 'Two', 'Three'].entries()) {
      await adaUser.upload(room.id, wav(600, 300 + index), `${name}.wav`);
    }
    await bobUser.upload(room.id, wav(600, 400), 'Last.wav');
    const ada = await enter(adaUser, room.id);
    const bob = await enter(bobUser, room.id, phone);
    const both = [ada, bob];
    for (const visitor of both) await visitor.hearsTheRoom();

    // The cover of what plays.
    for (const { page } of both) {
      await page.locator('section img[data-shown=true]').first().waitFor();
    }
    await allSee([ada], ['One', 'Two', 'Three', 'Last']);
    await openTab(bob, 'Queue');
    await allSee([bob], ['One', 'Two', 'Three', 'Last']);

    // Dragged with the mouse.
    const from = (await ada.button('Move Three').boundingBox())!;
    const to = (await ada.button('Move One').boundingBox())!;
    const { mouse } = ada.page;
    await mouse.move(from.x + from.width / 2, from.y + from.height / 2);
    await mouse.down();
    await mouse.move(to.x + to.width / 2, to.y + to.height / 2 - 4, { steps: 12 });
    await ada.page.getByText('Three is at position 1').first().waitFor({ state: 'attached' });
    await mouse.up();
    await allSee(both, ['Three', 'One', 'Two', 'Last']);

    // People take turns: after the track that was placed, Bob's is next.
    await ada.button('Room settings').click();
    await ada.page.getByRole('switch', { name: 'Take turns' }).press('Space');
    await allSee([bob], ['Three', 'Last', 'One', 'Two']);

    // Only the administrator controls what plays; the others vote to skip, all of them have to.
    await ada.page
      .getByRole('radiogroup', { name: 'Play, pause and skip' })
      .getByText('Administrator')
      .click();
    await ada.page.getByRole('switch', { name: 'Skip by vote' }).press('Space');
    await ada.page.getByRole('slider', { name: /Share of the people/ }).press('End');
    await ada.sees('A track is skipped when 2 of 2 people here vote for it.');
    await ada.page.keyboard.press('Escape');
    await ada.page.getByRole('dialog').waitFor({ state: 'hidden' });
    await bob.button('Next track').waitFor({ state: 'hidden' });
    await bob.button(/Vote to skip/).click();
    await ada.sees(/Bob.* voted to skip \(1 of 2\)/);
    await ada.button(/Vote to skip/).click();
    for (const visitor of both) await visitor.seesHeading('Three');
    await ada.sees(/Covered.* was skipped by vote/);
    await allSee(both, ['Last', 'One', 'Two']);
    for (const visitor of both) await visitor.hearsTheRoom();

    // A reaction floats over Ada's cover.
    const floats = ada.page.locator('span', { hasText: /^🔥$/ }).first().waitFor({ state: 'attached' });
    await bob.button('React with 🔥').click();
    await floats;

    // Another position, for both.
    await openTab(bob, 'Activity');
    const slider = ada.page.getByRole('slider', { name: 'Position' }).first();
    for (const key of ['PageUp', 'PageUp']) await slider.press(key);
    await bob.page
      .getByText(/moved to another position/)
      .first()
      .waitFor({ state: 'attached' });
    await openTab(bob, 'Queue');
    await eventually(async () => (await position(ada)) >= 60, 'a later position', patienceMs);
    for (const visitor of both) await visitor.hearsTheRoom();

    // What was played before can be added again.
    await openTab(bob, 'History');
    await bob.button(/^Add .*Covered.* again/).click();
    await eventually(async () => (await ada.queue()).includes('Covered'), 'the track again', patienceMs);
    await openTab(bob, 'Queue');
    await allSee([bob], await ada.queue());

    // Gone, and back.
    await bob.button('Leave the room').click();
    await bob.page.getByLabel('Name of the room').waitFor();
    await ada.sees(/Bob.* left the room/);
    await bob.goTo(`${server.url}/rooms/${room.id}`);
    await bob.button('Listen').click();
    await bob.hearsTheRoom();
    await ada.sees(/Bob.* joined the room/);
    for (const visitor of both) expect(visitor.complaints).toEqual([]);
  },
  testMs,
);
