// How Jest finds modules: those of src/, and the packages that the server shares with tests, are the files that
// build.mjs has written. CommonJS, because Jest requires it.
const { existsSync } = require('node:fs');
const { join, resolve, sep } = require('node:path');

const root = join(__dirname, '../../..');
const sources = join(root, 'src') + sep;
const packages = join(root, 'node_modules') + sep;

const found = new Map();
/** @returns the file if there is one; files do not come and go while tests run */
function existing(...parts) {
  const file = join(...parts);
  if (!found.has(file)) found.set(file, existsSync(file) ? file : undefined);
  return found.get(file);
}

/** @returns undefined for what Jest's own resolver has to find */
function find(request, from, built) {
  const isPackage = from.startsWith(packages);
  if (!request.startsWith('.')) {
    const file = join(built, 'packages', request);
    return existing(`${file}.cjs`) ?? (isPackage ? undefined : existing(`${file}.js`));
  }
  if (isPackage || from.startsWith(built)) return undefined;
  // TypeScript's imports name the compiled file.
  const name = resolve(from, request).replace(/\.js$/, '');
  return name.startsWith(sources)
    ? existing(built, 'src', `${name.slice(sources.length)}.js`)
    : existing(`${name}.ts`);
}

module.exports = {
  sync(request, options) {
    // Not set while Jest reads its own configuration.
    const built = process.env.ROOMCAST_TEST_BUILD;
    const file = built && find(request, options.basedir, join(built, 'modules'));
    return file ?? options.defaultResolver(request, options);
  },
};
