// Bundles an entry into one module, as an application's build does, and writes it to standard output. A process of its
// own because the bundler's native part does not accept objects from the realm of a Jest test.
import { rolldown } from 'rolldown';

const [entry, minify] = process.argv.slice(2);
const build = await rolldown({ input: entry, platform: 'browser', logLevel: 'warn' });
const { output } = await build.generate({ format: 'esm', codeSplitting: false, minify: minify === 'minify' });
await build.close();
process.stdout.write(output[0].code);
