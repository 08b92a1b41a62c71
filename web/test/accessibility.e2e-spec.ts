import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installTimeoutMs } from '../../client/test/player/browser.js';
import { fixture, wav } from '../../test/support/audio.js';
import { guest, roomOf } from '../../test/support/api.js';
import { builtPage, pageTimeoutMs } from '../../test/support/page.js';
import { type ServerProcess, spawnServer, temporaryFolder } from '../../test/support/server.js';
import {
  desktop,
  patienceMs,
  phone,
  startBrowser,
  type TestBrowser,
  type Visitor,
} from './support/visitor.js';

let server: ServerProcess;
let browser: TestBrowser;
let axe: string;
let room: string;

beforeAll(async () => {
  await builtPage();
  server = await spawnServer({ DATA_DIR: await temporaryFolder(), ADMIN_TOKEN: 'the-token-of-the-operator' });
  browser = await startBrowser();
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const ada = await guest(server.url, 'Ada');
  const { id } = await roomOf(ada, [], { name: 'Friday night' });
  await ada.upload(id, wav(600), 'Long tone.wav');
  await ada.upload(id, fixture('tagged.flac'), 'tagged.flac');
  room = `${server.url}/rooms/${id}`;
}, installTimeoutMs + pageTimeoutMs);
afterAll(async () => {
  await browser.close();
  await server.end('SIGKILL');
});

/** What axe finds that keeps people from using the page: the rule and the elements. */
async function findings({ page }: Visitor): Promise<string[]> {
  await page.evaluate(axe);
  // Colors that fade in would be measured half way. An animation that is cancelled rejects.
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().map((animation) => animation.finished)),
  );
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } };
    const { violations, passes } = await axe.run();
    if (passes.length < 10) throw new Error(`axe has checked ${passes.length} rules only`);
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  });
}

interface AxeResults {
  passes: unknown[];
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

describe.each([
  { colorScheme: 'dark' as const, size: phone },
  { colorScheme: 'light' as const, size: desktop },
])('axe finds nothing serious, $colorScheme, $size.width wide,', (options) => {
  it(
    'at the door, in the room and in its dialogs',
    async () => {
      const eve = await browser.visit(options);
      await eve.goTo(room);
      await eve.seesHeading('Friday night');
      expect(await findings(eve)).toEqual([]);
      await eve.enter('Eve');
      await eve.hearsTheRoom();
      expect(await findings(eve)).toEqual([]);
      for (const button of ['Invite', 'Rules of this room']) {
        await eve.button(button).click();
        await eve.page.getByRole('dialog').waitFor();
        expect(await findings(eve)).toEqual([]);
        await eve.page.keyboard.press('Escape');
        await eve.page.getByRole('dialog').waitFor({ state: 'hidden' });
      }
      await eve.close();
    },
    3 * patienceMs,
  );

  it.each(['/', '/no/such/page', '/admin'])(
    'at %s',
    async (path) => {
      const eve = await browser.visit(options);
      await eve.goTo(server.url + path);
      await eve.page.getByRole('heading').first().waitFor();
      expect(await findings(eve)).toEqual([]);
      await eve.close();
    },
    patienceMs,
  );
});
