import { mkdtemp, open, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sqlReader } from './sql-reader.ts';
import { openSqliteReader, openSqliteWriter } from './sqlite-database.ts';
import { prepareSqlite } from './sqlite-migration.ts';

const pageBytes = 4096;

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cerulean-unreadable-'));
  file = join(folder, 'cerulean.db');
  const writer = openSqliteWriter(file);
  await prepareSqlite(writer);
  // All of it lies in the one file then, and nobody has it open.
  writer.close();
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes over all pages but the first, behind SQLite's back. */
async function spoil(): Promise<void> {
  const { size } = await stat(file);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(size - pageBytes, 0x5a), 0, undefined, pageBytes);
  await handle.close();
}

const failure = expect.objectContaining({
  name: 'StorageFailure',
  code: 'database_unreadable',
  message: expect.stringContaining("The database can't be read"),
});

test.each([
  ['pages are damaged', spoil],
  ['pages are lost', () => truncate(file, pageBytes)],
])('a read is a failure of the storage when %s', async (_what, damage) => {
  const connection = openSqliteReader(file);
  await damage();
  await expect(readAll(sqlReader(connection))).rejects.toEqual(failure);
  connection.close();
});

/** Something of many tables, so that one of them is damaged. */
async function readAll(reader: ReturnType<typeof sqlReader>): Promise<void> {
  await reader.deployment();
  await reader.listRegistries();
  await reader.listTenants();
  await reader.findRegistry('cerulean');
  await reader.listSystemKeys(1);
  await reader.countOpenUploads();
}

test('a mistake of ours in a statement stays a bug', async () => {
  const connection = openSqliteReader(file);
  const wrong = { compiled: () => ({ sql: 'select a from nowhere', places: [] }) };
  await expect(connection.all(wrong, {})).rejects.toThrow(/no such table/);
  await expect(connection.all(wrong, {})).rejects.not.toMatchObject({ name: 'StorageFailure' });
  connection.close();
});
