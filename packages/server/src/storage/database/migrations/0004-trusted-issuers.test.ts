import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sqlReader } from '../sql-reader.ts';
import { openSqliteWriter } from '../sqlite-database.ts';
import { prepareSqlite } from '../sqlite-migration.ts';
import { columnTypes } from './migration.ts';
import { migrations } from './migrations.ts';

test('a federated credential of before keeps the keys that it was given', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-migration-'));
  const connection = openSqliteWriter(join(folder, 'cerulean.db'));
  const { database } = connection;
  for (const { version, statements } of migrations)
    if (version < 4) for (const statement of statements(columnTypes.sqlite)) database.exec(statement);
  database.exec(`
    create table schema_version (version integer not null);
    insert into schema_version (version) values (3);
    insert into tenant values ('t', 'contoso', 0);
    insert into directory_principal values ('p', 't', 'service-principal', 'ci', 'a', 1, 0);
    insert into federated_credential values ('f', 'p', 'main', 'https://i.example', 's', 'a', '{"keys":[]}', 7);
  `);
  await prepareSqlite(connection);
  const row = {
    id: 'f',
    name: 'main',
    issuer: 'https://i.example',
    subject: 's',
    audience: 'a',
    createdAt: 7,
  };
  const reader = sqlReader(connection);
  expect(await reader.listFederatedCredentials('p')).toEqual([
    { ...row, keys: '{"keys":[]}', jwksUri: undefined, ca: undefined },
  ]);
  expect(await reader.listTrustedIssuers()).toEqual([]);
  connection.close();
  await rm(folder, { recursive: true });
});
