import { describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import {
  checkClassComments,
  checkStructure,
  checkTables,
  checkTypeNames,
  sourcesFrom,
  type TableOwners,
} from '../scripts/check-structure.mjs';

const schema = `
  export interface Schema { users: Users; rooms: Rooms; tracks: Tracks }
  interface Users { id: string; username: string; created_at: number }
  interface Rooms { id: string; name: string; sequence: number }
  interface Tracks { id: string; title: string }
`;
const declared: TableOwners = {
  owners: { users: 'src/auth', rooms: 'src/rooms', tracks: 'src/tracks' },
  columns: { 'rooms.sequence': 'src/events' },
  sharedReads: [],
  sharedCalls: [],
  exempt: ['src/database/migrations.ts'],
};
const sharedReads = [{ table: 'users', through: 'src/auth/users.ts', reason: 'views' }];

const inTables = (texts: Record<string, string>, owners: Partial<TableOwners> = {}) =>
  checkTables(sourcesFrom({ 'src/database/schema.ts': schema, ...texts }), { ...declared, ...owners });
const query = (code: string) => `declare const db: any; declare const sql: any;\n${code}`;
const rulesOf = (path: string, code: string, owners?: Partial<TableOwners>) =>
  inTables({ [path]: query(code) }, owners).map(({ rule }) => rule);

describe('tables', () => {
  it('a feature may access its own tables', () => {
    expect(rulesOf('src/tracks/queue.ts', `db.selectFrom('tracks as t').where('t.id', '=', 1);`)).toEqual([]);
    expect(rulesOf('src/tracks/files/store.ts', `db.deleteFrom('tracks');`)).toEqual([]);
  });

  it.each([
    [`db.insertInto('tracks').values({})`],
    [`db.updateTable('tracks').set({})`],
    [`db.deleteFrom('tracks')`],
    [`db.selectFrom('tracks as t')`],
    [`db.selectFrom(['rooms', 'tracks'])`],
    [`db.selectFrom('rooms').where((of: any) => of.exists(of.selectFrom('tracks')))`],
    [`db.selectFrom('rooms').leftJoin('tracks', 'a', 'b')`],
    [`db.updateTable('rooms').from('tracks')`],
    ['sql`select * from tracks where id = ${1}`'],
    [`sql.table('tracks')`],
  ])('a feature may not access the table of another: %s', (code) => {
    const [found, ...more] = inTables({ 'src/rooms/rooms.ts': query(`\n${code};`) });
    expect(found).toMatchObject({ file: 'src/rooms/rooms.ts', line: 3, rule: 'table-owner' });
    expect(found!.message).toContain('tracks, which belongs to src/tracks');
    expect(more).toEqual([]);
  });

  it('a folder whose name begins with that of the owner is another feature', () => {
    expect(rulesOf('src/tracks-old/a.ts', `db.deleteFrom('tracks');`)).toEqual(['table-owner']);
  });

  it('a table has to be named as a string', () => {
    expect(rulesOf('src/tracks/a.ts', `const name = 'rooms'; db.selectFrom(name);`)).toEqual(['table-name']);
    expect(rulesOf('src/tracks/a.ts', 'db.selectFrom(`${1}`);')).toEqual(['table-name']);
    expect(
      rulesOf('src/tracks/a.ts', `db.selectFrom((of: any) => of.selectFrom('tracks').as('t'));`),
    ).toEqual([]);
  });

  it('a table of the schema needs an owner, and an owner a table', () => {
    const { tracks: _, ...owners } = declared.owners;
    expect(inTables({}, { owners })).toMatchObject([
      { file: 'src/database/schema.ts', line: 2, rule: 'table-without-owner' },
    ]);
    expect(inTables({}, { owners: { ...declared.owners, votes: 'src/tracks' } })).toMatchObject([
      { rule: 'unused-declaration', message: 'there is no table votes' },
    ]);
  });

  it('migrations may access every table, and tests are not checked', () => {
    expect(rulesOf('src/database/migrations.ts', `db.deleteFrom('tracks');`)).toEqual([]);
    expect(rulesOf('src/rooms/rooms.spec.ts', `db.deleteFrom('tracks');`)).toEqual([]);
  });
});

describe('shared reads', () => {
  const users = `export const columns = ['users.username'] as const; export const other = 1;`;
  const joined = (selects: string, imports = 'columns', table = 'users') =>
    inTables(
      {
        'src/auth/users.ts': users,
        'src/rooms/a.ts': query(
          `import { ${imports} } from '../auth/users.js';\ndb.selectFrom('rooms').innerJoin('${table}', 'users.id', 'rooms.id')${selects};`,
        ),
      },
      { sharedReads },
    ).map(({ rule }) => rule);

  it('a join may select columns through what the owner exports', () => {
    expect(joined(`.select(columns)`)).toEqual([]);
    expect(joined(`.selectAll('rooms').select(['rooms.name', ...columns]).orderBy('users.id')`)).toEqual([]);
  });

  it.each([
    [`.select('users.username')`],
    [`.select('rooms.name')`],
    [`.select(columns).select('users.username as name')`],
    [`.select(columns).select('username')`],
    [`.select(columns).selectAll('users')`],
    [`.select(columns).selectAll()`],
    [`.select(columns).where('users.created_at', '>', 1)`],
  ])('a join may not name other columns, or all: %s', (selects) => {
    expect(joined(selects)).toContain('table-owner');
  });

  it('an alias, or a query other than a join, is not a shared read', () => {
    expect(joined(`.select(columns)`, 'columns', 'users as u')).toContain('table-owner');
    expect(
      rulesOf(
        'src/rooms/a.ts',
        `import { columns } from '../auth/users.js'; db.selectFrom('users').select(columns);`,
        {
          sharedReads,
        },
      ),
    ).toContain('table-owner');
  });
});

describe('columns', () => {
  it('the owner of a table writes its other columns', () => {
    expect(rulesOf('src/rooms/a.ts', `db.updateTable('rooms').set({ name: 'a' });`)).toEqual([]);
    expect(rulesOf('src/rooms/a.ts', `db.insertInto('rooms').values([{ name: 'a' }]);`)).toEqual([]);
    expect(rulesOf('src/rooms/a.ts', `db.selectFrom('rooms').select(['name', 'sequence']);`)).toEqual([]);
  });

  it.each([
    [`db.updateTable('rooms').set({ sequence: 1 })`],
    [`db.updateTable('rooms').set('sequence', 1)`],
    [`db.updateTable('rooms').set((of: any) => ({ name: 'a', sequence: of('sequence', '+', 1) }))`],
    [`const changed: { name?: string; sequence?: number } = {}; db.updateTable('rooms').set(changed)`],
    [`db.insertInto('rooms').values({ name: 'a', sequence: 1 })`],
    [`db.insertInto('rooms').values([{ name: 'a', sequence: 1 }])`],
    [`db.insertInto('rooms').values({ name: 'a' }).onConflict((c: any) => c.doUpdateSet({ sequence: 1 }))`],
    [`const changed: any = {}; db.updateTable('rooms').set(changed)`],
  ])('the owner of a table may not write the column of another: %s', (code) => {
    expect(rulesOf('src/rooms/a.ts', `${code};`)).toEqual(['column-owner']);
  });

  it('the owner of a column reads and updates it by the key', () => {
    expect(
      rulesOf('src/events/a.ts', `db.updateTable('rooms').set({ sequence: 1 }).where('id', '=', 1);`),
    ).toEqual([]);
    expect(
      rulesOf('src/events/a.ts', `db.selectFrom('rooms').select(['id', 'rooms.sequence as head']);`),
    ).toEqual([]);
  });

  it.each([
    [`db.updateTable('rooms').set({ sequence: 1, name: 'a' })`],
    [`db.selectFrom('rooms').select(['sequence', 'name'])`],
    [`db.selectFrom('rooms').selectAll()`],
    [`db.selectFrom('rooms')`],
    [`db.insertInto('rooms').values({ sequence: 1 })`],
    [`db.deleteFrom('rooms')`],
  ])('the owner of a column may do nothing else: %s', (code) => {
    expect(rulesOf('src/events/a.ts', `${code};`)).toEqual(['table-owner']);
  });

  it('a shared call is allowed in its file only, and a declaration must be used', () => {
    const sharedCalls = [{ table: 'rooms', file: 'src/events/a.ts', call: 'insertInto', reason: 'lock' }];
    const insert = `db.insertInto('rooms').values({ name: 'a' });`;
    expect(rulesOf('src/events/a.ts', insert, { sharedCalls })).toEqual([]);
    expect(rulesOf('src/events/a.ts', `${insert} db.deleteFrom('rooms');`, { sharedCalls })).toEqual([
      'table-owner',
    ]);
    expect(rulesOf('src/events/b.ts', insert, { sharedCalls })).toEqual([
      'table-owner',
      'unused-declaration',
    ]);
  });
});

describe('declarations', () => {
  it('an exported class has a doc comment', () => {
    const findings = checkClassComments(
      sourcesFrom({
        'src/a.ts':
          '/** What it is. */\n@decorated\nexport class Explained {}\nclass Inner {}\n\n// No doc.\nexport class Bare {}',
      }),
    );
    expect(findings).toMatchObject([{ file: 'src/a.ts', line: 7, rule: 'class-comment' }]);
    expect(findings[0]!.message).toContain('Bare');
  });

  it.each(['class Name {}', 'interface Name {}', 'type Name = 1;', 'enum Name {}'])(
    'two exported types do not share a name: %s',
    (code) => {
      const sources = sourcesFrom({ 'src/a.ts': 'export interface Name {}', 'src/b.ts': `\nexport ${code}` });
      expect(checkTypeNames(sources)).toMatchObject([{ file: 'src/b.ts', line: 2, rule: 'type-name' }]);
    },
  );

  it('a re-export, a name that is not exported, and a schema with its type are not a second type', () => {
    const sources = sourcesFrom({
      'src/a.ts': 'export const Name = 1; export type Name = 1;',
      'src/b.ts': `export * from './a.js'; export { Name } from './a.js';`,
      'src/c.ts': 'interface Name {}\nexport const used: Name = {};',
    });
    expect(checkTypeNames(sources)).toEqual([]);
  });
});

it('the sources of this repository have no findings', () => {
  expect(checkStructure(fileURLToPath(new URL('..', import.meta.url)))).toEqual([]);
}, 60_000);
