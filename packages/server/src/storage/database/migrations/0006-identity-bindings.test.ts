import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteWriter } from '../sqlite-database.ts';
import { prepareSqlite } from '../sqlite-migration.ts';
import { foundation } from './0001-foundation.ts';
import { contentAttributes } from './0002-content-attributes.ts';
import { directory } from './0003-directory.ts';
import { columnTypes } from './migration.ts';

test('a database with the directory alone goes on, and has no bindings, passwords or sign-ins', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-migration-'));
  const connection = openSqliteWriter(join(folder, 'cerulean.db'));
  const { database } = connection;
  for (const { statements } of [foundation, contentAttributes, directory])
    for (const statement of statements(columnTypes.sqlite)) database.exec(statement);
  database.exec(`
    create table schema_version (version integer not null);
    insert into schema_version values (3);
    insert into tenant values ('t', 'cerulean', 0);
    insert into directory_principal values ('p', 't', 'user', 'ann', null, 1, 0);
  `);
  await prepareSqlite(connection);
  expect(database.prepare('select name from directory_principal').all()).toEqual([{ name: 'ann' }]);
  for (const table of ['identity_binding', 'user_password', 'refresh_family'])
    expect(database.prepare(`select * from ${table}`).all()).toEqual([]);
  expect(database.prepare('select version >= 6 as isNew from schema_version').get()).toEqual({ isNew: 1 });
  connection.close();
  await rm(folder, { recursive: true });
});
