// Checks what neither the compiler nor the linter sees: who touches which table, that exported classes are explained,
// and that no two exported types share a name. Prints each finding as file:line, and exits with 1 if there is one.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkClassComments, checkTypeNames } from './structure/declarations.mjs';
import { loadSources, readJson, sourcesFrom } from './structure/sources.mjs';
import { checkTables, ownersPath } from './structure/tables.mjs';

export { checkClassComments, checkTables, checkTypeNames, sourcesFrom };

/** Checks the repository at `root` against all rules. */
export function checkStructure(root) {
  const sources = loadSources(root);
  return [
    ...checkTables(sources, readJson(join(root, ownersPath))),
    ...checkClassComments(sources),
    ...checkTypeNames(sources),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const findings = checkStructure(fileURLToPath(new URL('..', import.meta.url)));
  for (const { file, line, rule, message } of findings) console.error(`${file}:${line} ${rule}: ${message}`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
