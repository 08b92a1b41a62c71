import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { chromiumPath } from '../../../client/test/player/browser.js';

/** How long anything on the page may take while other tests keep the machine busy. */
export const patienceMs = 60_000;

export const phone = { width: 390, height: 844 };
export const tablet = { width: 820, height: 1180 };
export const desktop = { width: 1440, height: 900 };

/** A headless Chromium with a profile of its own. */
export interface TestBrowser {
  /** Someone with cookies and storage of their own. */
  visit(options?: VisitorOptions): Promise<Visitor>;
  close(): Promise<void>;
}

export interface VisitorOptions {
  size?: { width: number; height: number };
  colorScheme?: 'dark' | 'light';
  locale?: string;
}

/** @param autoplay whether pages may play sound without a click */
export async function startBrowser({ autoplay = true } = {}): Promise<TestBrowser> {
  const executablePath = await chromiumPath();
  const profile = await mkdtemp(join(tmpdir(), 'roomcast-page-'));
  const browser = await chromium.launch({
    executablePath,
    env: { ...process.env, HOME: profile },
    args: [
      '--no-sandbox',
      `--autoplay-policy=${autoplay ? 'no-user-gesture-required' : 'document-user-activation-required'}`,
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
    ],
  });
  return {
    visit: (options) => Visitor.open(browser, options),
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Someone at the page, who uses it by what it says. */
export class Visitor {
  /** What the browser complained about: exceptions, errors of the console, violations of the policy. */
  readonly complaints: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      // The browser reports each refused request; what the page makes of it is tested.
      const isRefusal = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isRefusal) this.complaints.push(message.text());
    });
  }

  static async open(
    browser: Browser,
    { size = desktop, colorScheme = 'dark', locale = 'en-GB' }: VisitorOptions = {},
  ): Promise<Visitor> {
    const context = await browser.newContext({ viewport: size, colorScheme, locale });
    context.setDefaultTimeout(patienceMs);
    return new Visitor(context, await context.newPage());
  }

  /** As if this user had signed in on the page before. */
  async signIn({ token, user }: { token: string; user: object }): Promise<void> {
    await this.page.addInitScript((session) => {
      localStorage.setItem('roomcast.session', session);
    }, JSON.stringify({ token, user }));
  }

  async goTo(url: string): Promise<void> {
    await this.page.goto(url);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name }).first();
  }

  /** Waits until the page says this. */
  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  async seesHeading(name: string | RegExp): Promise<void> {
    await this.page.getByRole('heading', { name }).first().waitFor();
  }

  /** From the door into the room. */
  async enter(name: string): Promise<void> {
    await this.page.getByLabel('Your name').fill(name);
    await this.button('Listen').click();
    await this.isInside();
  }

  async isInside(): Promise<void> {
    await this.button('Leave the room').waitFor();
  }

  async hearsTheRoom(): Promise<void> {
    await this.sees('In step');
  }

  async addMusic(files: { name: string; buffer: Buffer }[]): Promise<void> {
    const input = this.page.locator('input[type=file]').first();
    await input.setInputFiles(files.map((file) => ({ ...file, mimeType: 'audio/mpeg' })));
  }

  /** The titles of the queue, in order. */
  async queue(): Promise<string[]> {
    const votes = this.page.getByRole('button', { name: /^Vote for / });
    const labels = await votes.evaluateAll((buttons) =>
      buttons.map((button) => button.getAttribute('aria-label') ?? ''),
    );
    return labels.map((label) => label.replace(/^Vote for (.*), .*$/, '$1').replace(/[\u2066-\u2069]/g, ''));
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
