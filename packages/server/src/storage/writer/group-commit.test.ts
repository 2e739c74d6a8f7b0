import { expect, test } from 'vitest';
import { isRefusal } from '../../errors.ts';
import { limits } from '../../limits.ts';
import {
  openTestSqlite,
  type TestDatabase,
  testDigest,
  testId,
  testNow,
  testRegistry,
} from '../database/open-test-database.ts';

test('what was acknowledged is seen by every reader, and the epochs moved before', async () => {
  await using database = await openTestSqlite();
  const rights = database.epochs.current();
  const before = database.epochs.repository(`${testRegistry}/app`);
  await blob(database, 1, 10);
  expect(database.epochs.repository(`${testRegistry}/app`)).toBeGreaterThan(before ?? 0);
  expect(database.epochs.current()).toBe(rights);
  await database.run('setRegistry', { registry: testRegistry, change: { anonymousPull: true } });
  expect(database.epochs.current()).toBeGreaterThan(rights);
  expect(await linked(database, 1)).toBe(true);
});

test('a command that is refused leaves the others of its group untouched', async () => {
  await using database = await openTestSqlite();
  const missing = { registry: testRegistry, repositoryName: 'none', tag: 'v1', precondition: null };
  const results = await Promise.allSettled([
    blob(database, 1, 10),
    database.run('deleteTag', missing),
    blob(database, 2, 10),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect([await linked(database, 1), await linked(database, 2)]).toEqual([true, true]);
});

test('when the database is full, exactly what was acknowledged is there and the rest is refused as such', async () => {
  await using database = await openTestSqlite();
  await database.rows('select 1');
  const [pages] = await database.rows('pragma page_count');
  await database.rows(`pragma max_page_count = ${Number(pages?.['page_count']) + 40}`);
  // Each brings 32 KiB, so that SQLite takes the whole transaction away in the middle of a group.
  const numbers = Array.from({ length: 12 }, (_, index) => index + 1);
  const results = await Promise.allSettled(numbers.map((number) => blob(database, number, 32_000)));
  const acknowledged = results.map((result) => result.status === 'fulfilled');
  expect(acknowledged).toContain(true);
  expect(acknowledged).toContain(false);
  for (const [index, result] of results.entries()) {
    expect(await linked(database, numbers[index] ?? 0)).toBe(result.status === 'fulfilled');
    if (result.status === 'rejected') expect(isRefusal(result.reason, 'storage_full')).toBe(true);
  }
  await database.rows('pragma max_page_count = 1000000');
  await blob(database, 99, 32_000);
  expect(await linked(database, 99)).toBe(true);
});

test('a queue that is full refuses more, and takes commands again when it has emptied', async () => {
  await using database = await openTestSqlite();
  const sent = Array.from({ length: limits.commandsQueuedMax + 10 }, () =>
    database.run('adoptVerifier', {
      credential: testId('c'),
      fromVersion: 1,
      toVersion: 2,
      verifier: new Uint8Array([1]),
    }),
  );
  const results = await Promise.allSettled(sent);
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused).toHaveLength(10);
  expect(refused.every((result) => isRefusal(result.reason, 'overloaded'))).toBe(true);
  await blob(database, 1, 10);
});

test('events are numbered without a gap, whatever was refused between', async () => {
  await using database = await openTestSqlite();
  const missing = { registry: testRegistry, repositoryName: 'none', tag: 'v1', precondition: null };
  await Promise.allSettled(
    [1, 2, 3].flatMap((number) => [blob(database, number, 10), database.run('deleteTag', missing)]),
  );
  const rows = await database.rows('select number from event order by number');
  expect(rows.map((row) => row['number'])).toEqual([1, 2, 3, 4]);
});

async function blob(database: TestDatabase, number: number, bytes: number): Promise<void> {
  await database.run('finishUpload', {
    blob: testId(`b${number}b`),
    registry: testRegistry,
    repositoryName: 'app',
    principal: testId('ad'),
    algorithm: 'sha256',
    expiresAt: testNow + 1000,
    expectedOffsetBytes: 0,
    segments: [
      {
        id: testId(`e${number}e`),
        startBytes: 0,
        lengthBytes: bytes,
        cipher: 1,
        inlineBox: new Uint8Array(bytes),
        object: null,
        objectOffset: null,
        keyBox: null,
      },
    ],
    sizeBytes: bytes,
    digest: testDigest(`blob ${number}`),
  });
}

async function linked(database: TestDatabase, number: number): Promise<boolean> {
  const repository = await database.reader.findRepository(testRegistry, 'app');
  return (await database.reader.findBlob(repository?.id ?? '', testDigest(`blob ${number}`))) !== undefined;
}
