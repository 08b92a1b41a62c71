// What a Kysely query in the sources touches.
import ts from 'typescript';
import { nodesOf } from './sources.mjs';

const joins = [
  'innerJoin',
  'leftJoin',
  'rightJoin',
  'fullJoin',
  'crossJoin',
  'innerJoinLateral',
  'leftJoinLateral',
  'crossJoinLateral',
];
const begins = ['selectFrom', 'insertInto', 'replaceInto', 'updateTable', 'deleteFrom', 'mergeInto'];
/** Names that other libraries have too: a table only if the argument is the name of one. */
const ambiguous = ['from', 'using', 'table', 'crossApply', 'outerApply'];

export const isJoin = (call) => joins.includes(call);

/** Every use of a table in a file: `table` is undefined if the source does not name it. */
export function* touchesOf(file, tables) {
  for (const node of nodesOf(file)) {
    if (ts.isTaggedTemplateExpression(node) && node.tag.getText() === 'sql') {
      const text = node.template.getText();
      for (const table of tables) if (isNamedIn(text, table)) yield { node, call: 'sql', table };
    }
    const call = calledName(node);
    if (call === undefined) continue;
    const certain = begins.includes(call) || joins.includes(call);
    if (!certain && !ambiguous.includes(call)) continue;
    const [first] = node.arguments;
    if (!first) continue;
    for (const argument of ts.isArrayLiteralExpression(first) ? first.elements : [first]) {
      const table = tableName(argument);
      if (certain ? !isSubquery(argument) : tables.includes(table)) yield { node, call, table };
    }
  }
}

const isNamedIn = (text, table) =>
  new RegExp(`\\b(from|join|into|update|table)\\s+"?${table}\\b`, 'i').test(text);

const isSubquery = (node) =>
  ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isCallExpression(node);

const tableName = (node) =>
  ts.isStringLiteralLike(node) ? /^(\w+)( as \w+)?$/.exec(node.text.trim())?.[1] : undefined;

const calledName = (node) =>
  ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)
    ? node.expression.name.text
    : undefined;

/** The whole query that a call is in: `db.a().b().c()` for `db.a()`. */
export function chainOf(call) {
  let whole = call;
  while (ts.isPropertyAccessExpression(whole.parent) && ts.isCallExpression(whole.parent.parent)) {
    whole = whole.parent.parent;
  }
  return whole;
}

/** The calls of one of these names in a query. */
export const callsIn = (query, ...names) =>
  [...nodesOf(query)].filter((node) => names.includes(calledName(node)));

/** Every string in a query. */
export const stringsIn = (query) =>
  [...nodesOf(query)].filter(ts.isStringLiteralLike).map(({ text }) => text);

/** The columns that a query writes; undefined if its types do not show them. @returns {string[] | undefined} */
export function columnsWritten(query, checker) {
  const columns = [];
  for (const call of callsIn(query, 'set', 'values', 'doUpdateSet')) {
    const [first] = call.arguments;
    if (!first) continue;
    if (ts.isStringLiteralLike(first)) {
      columns.push(first.text);
      continue;
    }
    const type = checker.getTypeAtLocation(first);
    const written = type.getCallSignatures()[0]?.getReturnType() ?? type.getNumberIndexType() ?? type;
    if (written.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return undefined;
    for (const each of written.isUnion() ? written.types : [written]) {
      columns.push(...each.getProperties().map(({ name }) => name));
    }
  }
  return columns;
}

/** The columns that a query selects, without table and alias; undefined if it does not name them. */
export function columnsSelected(query) {
  const selects = callsIn(query, 'select', 'selectAll');
  const columns = [];
  for (const call of selects) {
    const [first] = call.arguments;
    if (calledName(call) === 'selectAll' || !first) return undefined;
    for (const each of ts.isArrayLiteralExpression(first) ? first.elements : [first]) {
      if (!ts.isStringLiteralLike(each)) return undefined;
      columns.push(each.text.replace(/^\w+\./, '').replace(/ as \w+$/, ''));
    }
  }
  return selects.length === 0 ? undefined : columns;
}
