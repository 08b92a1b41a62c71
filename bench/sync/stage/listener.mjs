/* global window -- in functions that run in the page */
import { clean, DelayProxy } from '../network/delay-proxy.mjs';
import { PageClock } from '../analysis/page-clock.mjs';
import { startBrowser } from './browser.mjs';

/** The machine's clock: milliseconds since 1970, which never jump. */
export const machineNow = () => performance.timeOrigin + performance.now();

const pingIntervalMs = 200;
const readyTimeoutMs = 60_000;

/** A browser that listens to a room over a network path of its own, and is recorded. Owned by the stage. */
export class Listener {
  #clock = new PageClock();
  #pinging;
  #stopped = false;

  /** @param rig the ports and URLs of what all listeners share: `{ serverPort, pages }` */
  static async open(rig, { name, roomId, path = clean, seed, browser, speed = 1 }) {
    const proxy = await DelayProxy.start(rig.serverPort, path, seed);
    const own = browser ? undefined : await startBrowser({ speed });
    const page = await (browser ?? own).newPage();
    page.on('pageerror', (error) => process.stderr.write(`${name}: ${error}\n`));
    await page.goto(rig.pages.url);
    await page.waitForFunction('window.rig !== undefined');
    return new Listener(rig, { name, page, proxy, browser: own, roomId, speed });
  }

  constructor(rig, { name, page, proxy, browser, roomId, speed }) {
    this.rig = rig;
    this.name = name;
    this.page = page;
    this.proxy = proxy;
    this.browser = browser;
    this.roomId = roomId;
    this.speed = speed;
  }

  /** Joins the room and clicks on the button that lets the browser play. */
  async join() {
    /** When the user asked for it. */
    this.joinedAt = machineNow() / 1000;
    const url = `http://127.0.0.1:${this.proxy.port}`;
    await this.page.evaluate((options) => window.rig.open(options), {
      url,
      name: this.name,
      roomId: this.roomId,
    });
    await this.page.click('button');
    // Ends with the page, whose error is reported by what needs it.
    this.#pinging = this.#ping().catch(() => undefined);
  }

  async ready() {
    await this.page.waitForFunction('window.rig.isReady()', undefined, { timeout: readyTimeoutMs });
  }

  state() {
    return this.page.evaluate('window.rig.state()');
  }

  setOffset(seconds) {
    return this.page.evaluate((value) => window.rig.setOffset(value), seconds);
  }

  /** Ends listening. @returns what was recorded; times are seconds since 1970 on the machine's clock */
  async finish() {
    this.#stopped = true;
    await this.#pinging;
    const { rate, firstFrame, stamps, notes } = await this.page.evaluate(
      (url) => window.rig.finish(url),
      `${this.rig.pages.url}recordings/${this.name}`,
    );
    const bytes = this.rig.pages.take(this.name);
    const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    await this.close();
    // The clocks of all processes are one, unless it was made to run fast. Pings are less exact, on a busy machine by ms.
    const toMachine = this.speed === 1 ? (time) => time : this.#clock.correction();
    return {
      name: this.name,
      rate,
      firstFrame,
      samples,
      stamps: stamps.map(([contextTime, time]) => [contextTime, toMachine(time) / 1000]),
      notes: notes.map((note) => ({ ...note, time: toMachine(note.time) / 1000 })),
      clockRate: this.#clock.rate,
      clockMs: this.#clock.differenceMs,
    };
  }

  async close() {
    await this.page.close();
    await this.browser?.close();
    await this.proxy.close();
  }

  /** Compares the page's clock with the machine's, until the end. */
  async #ping() {
    while (!this.#stopped) {
      const sent = machineNow();
      const time = await this.page.evaluate('performance.timeOrigin + performance.now()');
      this.#clock.add(sent, time, machineNow());
      await new Promise((resolve) => setTimeout(resolve, pingIntervalMs));
    }
  }
}
