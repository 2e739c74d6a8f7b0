import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sqlReader } from '../sql-reader.ts';
import { openSqliteWriter } from '../sqlite-database.ts';
import { prepareSqlite } from '../sqlite-migration.ts';
import { foundation } from './0001-foundation.ts';
import { contentAttributes } from './0002-content-attributes.ts';
import { directory } from './0003-directory.ts';
import { columnTypes } from './migration.ts';

test('roles that were given before have no condition, and no repository was deleted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-migration-'));
  const connection = openSqliteWriter(join(folder, 'cerulean.db'));
  const { database } = connection;
  for (const migration of [foundation, contentAttributes, directory])
    for (const statement of migration.statements(columnTypes.sqlite)) database.exec(statement);
  database.exec(`
    create table schema_version (version integer not null);
    insert into schema_version values (3);
    insert into tenant values ('t', 'cerulean', 0);
    insert into directory_principal values ('p', 't', 'user', 'ann', null, 1, 0);
    insert into role_assignment values ('a', 'p', 'r', 'subscription', 's', 5);
  `);
  await prepareSqlite(connection);
  const reader = sqlReader(connection);
  const scope = { kind: 'subscription', subscription: 's' };
  expect(await reader.listAssignments()).toEqual([
    { id: 'a', principal: 'p', role: 'r', scope, createdAt: 5 },
  ]);
  expect(await reader.listRoleDefinitions('t')).toEqual([]);
  expect(await reader.repositoryDeletedAt('r', 'app')).toBe(0);
  connection.close();
  await rm(folder, { recursive: true });
});
