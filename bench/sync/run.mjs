// Measures how well browsers that listen to a room play in step. docs/sync.md says how; CONTRIBUTING.md has the options.
import { parseArgs } from 'node:util';
import { describeMachine, writeDocument } from './report/document.mjs';
import { missed } from './report/goals.mjs';
import { table } from './report/table.mjs';
import { scenarios } from './scenarios/index.mjs';
import { installedVersion } from './stage/browser.mjs';
import { startPageServer } from './stage/page-server.mjs';
import { startServer } from './stage/server.mjs';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
  },
});
const unknown = positionals.find((name) => !Object.hasOwn(scenarios, name));
if (unknown !== undefined) {
  process.stderr.write(`unknown scenario ${unknown}; there are: ${Object.keys(scenarios).join(', ')}\n`);
  process.exit(2);
}
const names = positionals.length > 0 ? positionals : Object.keys(scenarios);
/** With `--quick` each takes a fifth of its time. */
const quickPart = 0.2;

const machine = describeMachine();
const startedAt = performance.now();
const server = await startServer();
const pages = await startPageServer();
const rig = {
  serverPort: server.port,
  pages,
  seed: Number(values.seed),
  /** Whether to write down what each player did. */
  log: values.log,
  /** Seconds, or how often: shorter with `--quick`. */
  long: (count) => (values.quick ? Math.ceil(quickPart * count) : count),
};
const rows = [];
const failures = [];
try {
  for (const name of names) {
    process.stderr.write(`${name} …\n`);
    const began = performance.now();
    try {
      const measured = await scenarios[name](rig);
      rows.push(...measured.map((row) => ({ name, ...row })));
      process.stderr.write(`${table(measured)}\n${Math.round((performance.now() - began) / 1000)} s\n`);
    } catch (error) {
      failures.push(`${name}: ${error.stack}`);
    }
  }
} finally {
  pages.close();
  await server.close();
}
process.stdout.write(`${table(rows)}\n`);
if (positionals.length === 0 && failures.length === 0 && (!values.quick || values.write)) {
  const minutes = Math.round((performance.now() - startedAt) / 60_000);
  await writeDocument(rows, {
    machine,
    browser: await installedVersion(),
    minutes,
    seed: rig.seed,
    isQuick: values.quick,
  });
}
failures.push(...rows.flatMap((row) => missed(row).map((finding) => `${row.label}: ${finding}`)));
for (const failure of failures) process.stderr.write(`not met: ${failure}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
