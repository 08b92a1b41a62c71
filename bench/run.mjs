/** Runs one benchmark: `npm run bench` measures delivery, `npm run bench -- drops` closed connections. */
const benchmarks = { delivery: './delivery.mjs', drops: './drops/run.mjs' };
const name = process.argv[2] ?? 'delivery';
if (!Object.hasOwn(benchmarks, name)) {
  process.stderr.write(`unknown benchmark ${name}; there are: ${Object.keys(benchmarks).join(', ')}\n`);
  process.exit(2);
}
await import(benchmarks[name]);
