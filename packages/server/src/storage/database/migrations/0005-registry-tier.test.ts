import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteWriter } from '../sqlite-database.ts';
import { foundation } from './0001-foundation.ts';
import { registryTier } from './0005-registry-tier.ts';
import { columnTypes } from './migration.ts';

test('a registry that is older than tiers is a Premium one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-migration-'));
  const connection = openSqliteWriter(join(folder, 'cerulean.db'));
  const { database } = connection;
  for (const statement of foundation.statements(columnTypes.sqlite)) database.exec(statement);
  database.exec("insert into registry values ('r', 'cerulean', '{}', 1, 0, null)");
  for (const statement of registryTier.statements(columnTypes.sqlite)) database.exec(statement);
  expect(database.prepare('select id, sku from registry').all()).toEqual([{ id: 'r', sku: 'Premium' }]);
  connection.close();
  await rm(folder, { recursive: true });
});
