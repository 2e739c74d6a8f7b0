import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteWriter } from '../sqlite-database.ts';
import { foundation } from './0001-foundation.ts';
import { contentAttributes } from './0002-content-attributes.ts';
import { columnTypes } from './migration.ts';

test('what was stored before keeps all its flags on, and what a repository holds is counted once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-migration-'));
  const connection = openSqliteWriter(join(folder, 'cerulean.db'));
  const { database } = connection;
  for (const statement of foundation.statements(columnTypes.sqlite)) database.exec(statement);
  database.exec(`
    insert into registry values ('r', 'cerulean', '{}', 1, 0, null);
    insert into repository values ('a', 'r', 'app', null, 1, 1, 0, 0), ('e', 'r', 'empty', null, 0, 0, 0, 0);
    insert into blob values ('b1', 'r', 'd1', 1000, 0), ('b2', 'r', 'd2', 200, 0), ('b3', 'r', 'd3', 7, 0);
    insert into repository_blob values ('a', 'd1', 'b1', 0), ('a', 'd2', 'b2', 0);
    insert into manifest (repository, digest, media_type, has_annotations, size, image_size, index_depth, pushed_by,
      created_at, updated_at, hlc) values ('a', 'm', 't', 0, 30, 1200, 0, 'p', 0, 0, 0);
    insert into tag values ('a', 'v1', 'm', 0, 0, 'p', 0);
  `);
  for (const statement of contentAttributes.statements(columnTypes.sqlite)) database.exec(statement);
  const flags = 'delete_enabled, write_enabled, read_enabled, list_enabled';
  const on = { delete_enabled: 1, write_enabled: 1, read_enabled: 1, list_enabled: 1 };
  expect(
    database.prepare(`select name, content_bytes, ${flags} from repository order by name`).all(),
  ).toEqual([
    { name: 'app', content_bytes: 1230, ...on },
    { name: 'empty', content_bytes: 0, ...on },
  ]);
  for (const table of ['manifest', 'tag'])
    expect(database.prepare(`select pull_count, last_pulled_at, ${flags} from ${table}`).all()).toEqual([
      { pull_count: 0, last_pulled_at: null, ...on },
    ]);
  connection.close();
  await rm(folder, { recursive: true });
});
