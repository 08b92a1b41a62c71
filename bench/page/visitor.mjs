import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const phone = { width: 390, height: 844 };
const desktop = { width: 1440, height: 900 };

/** A headless browser with a profile of its own. */
export async function startBrowser() {
  const profile = await mkdtemp(join(tmpdir(), 'roomcast-page-'));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    env: { ...process.env, HOME: profile },
    args: [
      '--no-sandbox',
      '--autoplay-policy=no-user-gesture-required',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
  return {
    /** A page of someone who was never here before. @returns also the session of the DevTools protocol */
    async visit({ isPhone = true } = {}) {
      const context = await browser.newContext({ viewport: isPhone ? phone : desktop, locale: 'en-GB' });
      context.setDefaultTimeout(60_000);
      const page = await context.newPage();
      return { page, devTools: await context.newCDPSession(page), close: () => context.close() };
    },
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Through the door, until the room is heard. */
export async function enter(page, name) {
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Listen' }).first().click();
  await page.getByText('In step').filter({ visible: true }).first().waitFor();
}
