// Measures the built page: how much it loads, how soon it can be used on a slow phone, whether its layout shifts, and how
// long a vote takes to be shown in a large room. Writes docs/page.md. Needs `npm run build`, and Chromium.
//   npm run page-speed
import { describeMachine } from '../sync/report/document.mjs';
import { installedVersion } from '../sync/stage/browser.mjs';
import { startServer } from '../sync/stage/server.mjs';
import { writeDocument } from './document.mjs';
import { furnishLargeRoom, furnishRoom } from './rooms.mjs';
import { layoutShifts, startup, votes, weight } from './measurements.mjs';
import { startBrowser } from './visitor.mjs';

const machine = describeMachine();
const server = await startServer();
const url = `http://127.0.0.1:${server.port}`;
const browser = await startBrowser();
const results = {};
try {
  const room = await furnishRoom(url);
  const link = `${url}/rooms/${room.id}`;
  results.weight = await weight(browser, link);
  results.startup = await startup(browser, link);
  results.shifts = await layoutShifts(browser, link, room);
  room.close();
  process.stderr.write('filling a room with 500 people and 500 tracks …\n');
  const large = await furnishLargeRoom(url);
  results.votes = await votes(browser, `${url}/rooms/${large.id}`, large);
  large.close();
} finally {
  await browser.close();
  await server.close();
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
const missed = await writeDocument(results, { machine, browser: await installedVersion() });
for (const goal of missed) process.stderr.write(`not met: ${goal}\n`);
process.exitCode = missed.length > 0 ? 1 : 0;
