// Every table has one feature that accesses it; src/database/table-owners.json names it, and the exceptions.
import ts from 'typescript';
import {
  callsIn,
  chainOf,
  columnsSelected,
  columnsWritten,
  isJoin,
  stringsIn,
  touchesOf,
} from './queries.mjs';
import { finding, importedFrom, nodesOf } from './sources.mjs';

const schemaPath = 'src/database/schema.ts';
export const ownersPath = 'src/database/table-owners.json';

export function checkTables(sources, declared) {
  const check = new TableCheck(sources, declared);
  for (const file of sources.files) {
    if (!declared.exempt.includes(sources.pathOf(file))) check.file(file);
  }
  return [...check.findings, ...checkSchema(sources, declared), ...check.unused()];
}

/** The tables of the schema and the declared ones are the same. */
function checkSchema(sources, { owners }) {
  const tables = tablesOf(sources);
  const findings = [...tables]
    .filter(([table]) => !Object.hasOwn(owners, table))
    .map(([table, { node }]) =>
      finding(sources, node, 'table-without-owner', `${table} has no owner in ${ownersPath}`),
    );
  for (const table of Object.keys(owners)) {
    if (!tables.has(table)) findings.push(declaration('unused-declaration', `there is no table ${table}`));
  }
  return findings;
}

/** The tables of `Schema`, and the names of their columns. */
function tablesOf({ files, checker, pathOf }) {
  const schema = files
    .find((file) => pathOf(file) === schemaPath)
    ?.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === 'Schema');
  return new Map(
    schema?.members.map((node) => {
      const columns = checker.getTypeAtLocation(node).getProperties();
      return [node.name.getText(), { node, columns: columns.map(({ name }) => name) }];
    }),
  );
}

const declaration = (rule, message) => ({ file: ownersPath, line: 1, rule, message });

const isIn = (path, folder) => path.startsWith(`${folder}/`);

class TableCheck {
  findings = [];
  #sources;
  #declared;
  #tables;
  #used = new Set();

  constructor(sources, declared) {
    this.#sources = sources;
    this.#declared = declared;
    this.#tables = tablesOf(sources);
  }

  file(file) {
    for (const touch of touchesOf(file, Object.keys(this.#declared.owners))) this.#touch(touch);
  }

  /** Exceptions that no code uses; they would allow unintended access. */
  unused() {
    const { sharedReads, sharedCalls } = this.#declared;
    return [...sharedReads, ...sharedCalls]
      .filter((exception) => !this.#used.has(exception))
      .map(({ table, file, through, call = 'join' }) =>
        declaration('unused-declaration', `no ${call} of ${table} needs ${file ?? through}`),
      );
  }

  #touch({ node, call, table }) {
    const path = this.#sources.pathOf(node.getSourceFile());
    if (table === undefined) {
      this.#report(
        node,
        'table-name',
        `${call} has to name its table as a string, so that this can be checked`,
      );
      return;
    }
    const owner = this.#declared.owners[table];
    if (owner !== undefined && isIn(path, owner)) this.#ownersUse(node, table);
    else if (!this.#isShared(node, call, table, path)) {
      this.#report(node, 'table-owner', `${call} of ${table}, which belongs to ${owner ?? 'nobody'}`);
    }
  }

  /** The owner of a table writes all of its columns but those of another feature. */
  #ownersUse(node, table) {
    const foreign = this.#columnsOf(table, () => true);
    if (foreign.length === 0) return;
    const written = columnsWritten(chainOf(node), this.#sources.checker);
    if (!written) {
      this.#report(node, 'column-owner', `the type of what is written to ${table} does not name its columns`);
      return;
    }
    for (const column of foreign.filter((name) => written.includes(name))) {
      const owner = this.#declared.columns[`${table}.${column}`];
      this.#report(node, 'column-owner', `writes ${table}.${column}, which belongs to ${owner}`);
    }
  }

  #isShared(node, call, table, path) {
    const { sharedReads, sharedCalls } = this.#declared;
    const isOwnColumns = this.#isUseOfOwnColumns(node, call, table, path);
    const exception =
      sharedCalls.find((each) => each.table === table && each.file === path && each.call === call) ??
      sharedReads.find((each) => each.table === table && isJoin(call) && this.#isThrough(node, each));
    if (isOwnColumns) return true;
    if (exception) this.#used.add(exception);
    return exception !== undefined;
  }

  /** The owner of single columns reads and updates those, by the key `id`, and nothing else. */
  #isUseOfOwnColumns(node, call, table, path) {
    const own = this.#columnsOf(table, (owner) => isIn(path, owner));
    if (own.length === 0) return false;
    const query = chainOf(node);
    if (call === 'updateTable') {
      const written = columnsWritten(query, this.#sources.checker);
      return written !== undefined && written.length > 0 && written.every((name) => own.includes(name));
    }
    if (call !== 'selectFrom') return false;
    return columnsSelected(query)?.every((name) => name === 'id' || own.includes(name)) ?? false;
  }

  /** A join that selects columns of the table only through what the owner exports for it. */
  #isThrough(node, { table, through }) {
    const query = chainOf(node);
    const offered = importedFrom(node.getSourceFile(), through, this.#sources);
    const selects = callsIn(query, 'select').flatMap(nodesOfCall);
    // An alias would hide whose columns are selected.
    if (node.arguments[0].text !== table) return false;
    if (!selects.some((each) => ts.isIdentifier(each) && offered.has(each.text))) return false;
    if (callsIn(query, 'selectAll').some(({ arguments: [of] }) => !of || of.text === table)) return false;
    const columns = this.#tables.get(table)?.columns ?? [];
    // The key is what the tables are joined by.
    return stringsIn(query).every((text) => {
      const [, of, column] = /^(?:(\w+)\.)?(\w+)/.exec(text) ?? [];
      return column === 'id' || (of !== table && (of !== undefined || !columns.includes(column)));
    });
  }

  #columnsOf(table, isOwner) {
    return Object.entries(this.#declared.columns)
      .filter(([name, owner]) => name.startsWith(`${table}.`) && isOwner(owner))
      .map(([name]) => name.slice(table.length + 1));
  }

  #report(node, rule, message) {
    // A call begins where its whole chain does, perhaps lines before its own name.
    this.findings.push(finding(this.#sources, node.expression?.name ?? node, rule, message));
  }
}

const nodesOfCall = (call) => call.arguments.flatMap((argument) => [...nodesOf(argument)]);
