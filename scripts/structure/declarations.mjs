// What is exported: classes say what they are, and no two types share a name.
import ts from 'typescript';
import { finding, isExported } from './sources.mjs';

const exportedOf = (sources) => sources.files.flatMap((file) => file.statements.filter(isExported));

export function checkClassComments(sources) {
  return exportedOf(sources)
    .filter((node) => ts.isClassDeclaration(node) && ts.getJSDocCommentsAndTags(node).length === 0)
    .map((node) =>
      finding(
        sources,
        node.name ?? node,
        'class-comment',
        `${node.name?.text ?? 'the class'} has no doc comment: say what it is, who owns it, and its invariants`,
      ),
    );
}

const isType = (node) =>
  ts.isClassDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isEnumDeclaration(node);

export function checkTypeNames(sources) {
  const findings = [];
  const first = new Map();
  for (const node of exportedOf(sources)) {
    if (!isType(node) || !node.name) continue;
    const { text } = node.name;
    const file = sources.pathOf(node.getSourceFile());
    const known = first.get(text);
    // In one file a type may have the name of the schema that it is inferred from, or of its overload.
    if (known === undefined) first.set(text, file);
    else if (known !== file) {
      findings.push(finding(sources, node.name, 'type-name', `${text} is the name of a type in ${known}`));
    }
  }
  return findings;
}
