import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { installTimeoutMs } from '../../client/test/player/browser.js';
import { fixture, wav } from '../../test/support/audio.js';
import { eventually } from '../../test/support/listener.js';
import { builtPage, pageTimeoutMs } from '../../test/support/page.js';
import { type ServerProcess, spawnServer, temporaryFolder } from '../../test/support/server.js';
import { patienceMs, startBrowser, type TestBrowser, type Visitor } from './support/visitor.js';

let server: ServerProcess;
let browser: TestBrowser;

beforeAll(async () => {
  await builtPage();
  server = await spawnServer({ DATA_DIR: await temporaryFolder() });
  browser = await startBrowser();
}, installTimeoutMs + pageTimeoutMs);
afterAll(async () => {
  await browser.close();
  await server.end('SIGKILL');
});

/** What the focused element is called: its label, the label of the field, or its text. */
const focusedName = ({ page }: Visitor): Promise<string> =>
  page.evaluate(() => {
    const focused = document.activeElement as HTMLInputElement | null;
    if (focused === null || focused === document.body) return '';
    const label = focused.getAttribute('aria-label') ?? focused.labels?.[0]?.textContent;
    return (label ?? focused.textContent).replace(/[\u2066-\u2069]/g, '').trim();
  });

/** Presses Tab until the element with this name has the focus; a page has fewer than 150 elements to stop at. */
async function tabTo(visitor: Visitor, name: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let stop = 0; stop < 150; stop += 1) {
    await visitor.page.keyboard.press('Tab');
    const focused = await focusedName(visitor);
    if (name.test(focused)) return;
    passed.push(focused);
  }
  throw new Error(`Tab does not lead to ${String(name)}, but to ${passed.join(' | ')}`);
}

async function press(visitor: Visitor, name: RegExp, key: string): Promise<void> {
  await tabTo(visitor, name);
  await visitor.page.keyboard.press(key);
}

it(
  'the keyboard alone leads from the first page through a room and out again',
  async () => {
    const ada = await browser.visit();
    const { page } = ada;
    // From the beginning: the browser begins to report choosers some time after the first listener is there.
    const chosen = page.waitForEvent('filechooser');
    await ada.goTo(server.url);
    await page.getByLabel('Your name').waitFor();
    await tabTo(ada, /^Your name/);
    await page.keyboard.type('Ada');
    await page.keyboard.press('Enter');
    await page.getByLabel('Name of the room').waitFor();
    await tabTo(ada, /^Name of the room/);
    await page.keyboard.type('Friday night');
    await page.keyboard.press('Enter');
    await ada.isInside();

    await tabTo(ada, /^Add music$/);
    await page.keyboard.press('Enter');
    await (
      await chosen
    ).setFiles([
      { name: 'First tone.wav', mimeType: 'audio/wav', buffer: wav(600, 220) },
      { name: 'Second tone.wav', mimeType: 'audio/wav', buffer: wav(600, 330) },
      { name: 'Third tone.wav', mimeType: 'audio/wav', buffer: wav(600, 440) },
      { name: 'tagged.flac', mimeType: 'audio/flac', buffer: fixture('tagged.flac') },
    ]);
    await eventually(async () => (await ada.queue()).length === 3, 'the queue', patienceMs);
    await ada.hearsTheRoom();

    // A vote; the row that it moves keeps the focus.
    const voted = (await ada.queue())[2]!;
    await press(ada, new RegExp(`^Vote for ${voted}`), 'Space');
    await eventually(async () => (await ada.queue())[0] === voted, 'the voted track on top', patienceMs);
    expect(await focusedName(ada)).toMatch(new RegExp(`^Vote for ${voted}`));

    // A row is moved to the end. The page tells what happens. The library listens to the arrows a moment after Space.
    const tells = (text: string) => page.getByText(text).count();
    const [, moved] = await ada.queue();
    await press(ada, new RegExp(`^Move ${moved}$`), 'Space');
    await eventually(
      async () => {
        await page.keyboard.press('ArrowDown');
        return (await tells('is at position 3')) > 0;
      },
      'the row to be told at the end',
      patienceMs,
    );
    await page.keyboard.press('Space');
    await eventually(async () => (await ada.queue())[2] === moved, 'the moved track at the end', patienceMs);

    await press(ada, /^Pause$/, 'Enter');
    await ada.sees('Paused');
    await press(ada, /^Play$/, 'Enter');
    await ada.hearsTheRoom();
    const next = (await ada.queue())[0]!;
    await press(ada, /^Next track$/, 'Enter');
    await ada.seesHeading(next);

    // Dialogs take the focus, and give it back.
    await press(ada, /^Invite$/, 'Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await eventually(async () => (await focusedName(ada)) === 'Invite', 'the focus to come back', patienceMs);

    await press(ada, /^Leave the room$/, 'Enter');
    const dialog = page.getByRole('dialog');
    await dialog.or(page.getByLabel('Name of the room')).first().waitFor();
    if (await dialog.isVisible()) await press(ada, /^Leave/, 'Enter');
    await page.getByLabel('Name of the room').waitFor();
    expect(ada.complaints).toEqual([]);
    await ada.close();
  },
  4 * patienceMs,
);
