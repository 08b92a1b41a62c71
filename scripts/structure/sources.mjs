// The sources that are checked, parsed and with their types.
import { readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import ts from 'typescript';

const isChecked = (path) => path.startsWith('src/') && path.endsWith('.ts') && !/\.(spec|d)\.ts$/.test(path);

/** All of src/ but the tests. @returns {import('../check-structure.mjs').Sources} */
export function loadSources(root) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent({ ...config, include: ['src'] }, ts.sys, root);
  return sourcesOf(ts.createProgram(fileNames, options), root);
}

/** Standard libraries are parsed once for all sources from memory. */
const libraries = new Map();

/** @param {Record<string, string>} texts by path. @returns {import('../check-structure.mjs').Sources} */
export function sourcesFrom(texts) {
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.NodeNext, strict: true, types: [] };
  const host = ts.createCompilerHost(options);
  const root = '/memory';
  const textOf = (name) => texts[posix.relative(root, name)];
  const fromDisk = host.getSourceFile.bind(host);
  host.getCurrentDirectory = () => root;
  host.fileExists = (name) => textOf(name) !== undefined || ts.sys.fileExists(name);
  host.readFile = (name) => textOf(name) ?? ts.sys.readFile(name);
  host.getSourceFile = (name, version) => {
    const text = textOf(name);
    if (text !== undefined) return ts.createSourceFile(name, text, version, true);
    if (!libraries.has(name)) libraries.set(name, fromDisk(name, version));
    return libraries.get(name);
  };
  const names = Object.keys(texts).map((path) => posix.join(root, path));
  return sourcesOf(ts.createProgram(names, options, host), root);
}

function sourcesOf(program, root) {
  const pathOf = (file) => relative(root, file.fileName).split(sep).join('/');
  const files = program.getSourceFiles().filter((file) => isChecked(pathOf(file)));
  files.sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  const checker = program.getTypeChecker();
  return { files, checker, pathOf };
}

/** @returns {import('../check-structure.mjs').Finding} */
export function finding({ pathOf }, node, rule, message) {
  const file = node.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return { file: pathOf(file), line: line + 1, rule, message };
}

/** Every node below `node`, itself included. */
export function* nodesOf(node) {
  yield node;
  const children = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

/** The names that a file imports from the source file at `path`. @returns {Set<string>} */
export function importedFrom(file, path, { pathOf }) {
  const names = new Set();
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const target = posix.join(dirname(pathOf(file)), statement.moduleSpecifier.text).replace(/\.js$/, '.ts');
    const bindings = statement.importClause?.namedBindings;
    if (target !== path || !bindings || !ts.isNamedImports(bindings)) continue;
    for (const { name } of bindings.elements) names.add(name.text);
  }
  return names;
}

export const isExported = (node) =>
  node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
