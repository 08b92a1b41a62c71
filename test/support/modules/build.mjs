// Builds the server for the tests: `build` and `dist` for those that start it as a process, and `modules` for those that
// load it into their own process. There Jest loads every file anew for each suite, which for the server and its two
// thousand modules of packages takes more than two seconds; for some hundred bundled files it takes less than one.
//   node test/support/modules/build.mjs <folder to write>
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from '@swc/core';
import { bundlerOf, output } from '../../../scripts/bundling.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = join(root, 'src');

/**
 * Packages that tests import themselves. They get the copy that the server uses; the resolver finds it by its name.
 */
const packages = [
  '@nestjs/jwt',
  '@nestjs/platform-express',
  'fast-check',
  'kysely',
  'nestjs-pino',
  'pg',
  'socket.io',
  'socket.io-client',
  'typebox',
  'typebox/compile',
  'typebox/value',
  'uuid',
  'ws',
];

/** A package of 250 modules that Nest also requires by a computed name: one copy as CommonJS, for everyone. */
const required = 'class-validator';

async function write(file, text) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** @returns the names of the modules of src/, without extension, and their compiled code */
async function compile() {
  const names = (await readdir(sources, { recursive: true }))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => name.slice(0, -'.ts'.length));
  return new Map(
    await Promise.all(
      names.map(async (name) => {
        const filename = join(sources, `${name}.ts`);
        const compiled = await transform(await readFile(filename, 'utf8'), {
          filename,
          configFile: false,
          swcrc: false,
          sourceMaps: true,
          jsc: {
            parser: { syntax: 'typescript', decorators: true },
            transform: { legacyDecorator: true, decoratorMetadata: true },
            target: 'es2022',
            keepClassNames: true,
          },
          module: { type: 'es6' },
        });
        return [name, compiled];
      }),
    ),
  );
}

/** The server as it is released: compiled, then bundled. */
async function buildProcess(compiled, out) {
  await Promise.all([...compiled].map(([name, { code }]) => write(join(out, 'build', `${name}.js`), code)));
  const bundle = join(root, 'scripts/bundle.mjs');
  await promisify(execFile)(process.execPath, [bundle, join(out, 'build'), join(out, 'dist')]);
}

/** Every module of src/ as an entry of one bundle, so that a test that imports some gets the server's own. */
async function buildModules(compiled, out) {
  const bundler = await bundlerOf({
    input: {
      ...Object.fromEntries([...compiled.keys()].map((name) => [`src/${name}`, join(sources, `${name}.ts`)])),
      ...Object.fromEntries(packages.map((name) => [`packages/${name}`, name])),
    },
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    plugins: [
      {
        name: 'compiled',
        load(id) {
          const { code, map } = compiled.get(id.slice(sources.length + 1, -'.ts'.length)) ?? {};
          return id.startsWith(sources) && code !== undefined ? { code, map, moduleType: 'js' } : undefined;
        },
      },
    ],
  });
  const { output: files } = await bundler.generate({
    ...output,
    // A module runs when the first of those that import it does, although they are in one file with others.
    strictExecutionOrder: true,
    sourcemap: 'hidden',
  });
  await bundler.close();
  for (const { fileName, code, map, moduleIds } of files) {
    if (code === undefined) continue;
    // A map of packages alone would cost more time, for each error with a frame in them, than it is worth.
    const mapped = moduleIds.some((id) => id.startsWith(sources));
    const name = fileName.slice(fileName.lastIndexOf('/') + 1);
    await write(join(out, fileName), mapped ? `${code}\n//# sourceMappingURL=${name}.map` : code);
    if (mapped) await write(join(out, `${fileName}.map`), map.toString());
  }
}

async function buildRequired(out) {
  const bundler = await bundlerOf({
    input: { [`packages/${required}`]: required },
    external: [],
  });
  await bundler.write({
    ...output,
    dir: out,
    format: 'cjs',
    entryFileNames: '[name].cjs',
  });
  await bundler.close();
}

const out = process.argv[2];
const compiled = await compile();
await Promise.all([
  buildProcess(compiled, out),
  buildModules(compiled, join(out, 'modules')),
  buildRequired(join(out, 'modules')),
]);
