import type { SourceFile, TypeChecker } from 'typescript';

export interface Sources {
  files: SourceFile[];
  checker: TypeChecker;
  pathOf(file: SourceFile): string;
}

export interface Finding {
  file: string;
  line: number;
  rule: string;
  message: string;
}

/** `src/database/table-owners.json`. */
export interface TableOwners {
  /** Folder by table. */
  owners: Record<string, string>;
  /** Folder by `table.column`, where a column has another owner than its table. */
  columns: Record<string, string>;
  /** Joins that select columns of the table only through what `through` exports. */
  sharedReads: { table: string; through: string; reason: string }[];
  /** Single calls in files of other features. */
  sharedCalls: { table: string; file: string; call: string; reason: string }[];
  exempt: string[];
}

export function sourcesFrom(texts: Record<string, string>): Sources;
export function checkTables(sources: Sources, declared: TableOwners): Finding[];
export function checkClassComments(sources: Sources): Finding[];
export function checkTypeNames(sources: Sources): Finding[];
export function checkStructure(root: string): Finding[];
