import { expect, test } from 'vitest';
import {
  openTestSqlite,
  type TestDatabase,
  testDigest,
  testId,
  testManifest,
  testNow,
  testRegistry,
} from '../database/open-test-database.ts';
import { rememberingReader } from './remembering-reader.ts';

test('a tag that was moved is seen at once after the acknowledgement, and a deleted one is gone', async () => {
  await using database = await openTestSqlite();
  const reader = rememberingReader(database.reader, database.epochs);
  await database.run('setRegistry', { registry: testRegistry, change: { sparseManifests: true } });
  for (const round of ['one', 'two', 'three']) {
    await put(database, testDigest(round));
    const repository = await reader.findRepository(testRegistry, 'app');
    for (let again = 0; again < 3; again += 1) {
      expect(await reader.findTag(repository?.id ?? '', 'v1')).toMatchObject({ digest: testDigest(round) });
    }
  }
  await database.run('deleteTag', {
    registry: testRegistry,
    repositoryName: 'app',
    tag: 'v1',
    precondition: null,
  });
  const repository = await reader.findRepository(testRegistry, 'app');
  expect(await reader.findTag(repository?.id ?? '', 'v1')).toBeUndefined();
});

test('what is remembered is not read again, and nothing is remembered while a commit is under way', async () => {
  await using database = await openTestSqlite();
  let reads = 0;
  const counting = {
    ...database.reader,
    findRepository: (registry: string, name: string) => {
      reads += 1;
      return database.reader.findRepository(registry, name);
    },
  };
  const reader = rememberingReader(counting, database.epochs);
  await reader.findRepository(testRegistry, 'app');
  await reader.findRepository(testRegistry, 'app');
  expect(reads).toBe(1);
  const changed = database.epochs.changing([`${testRegistry}/app`]);
  await reader.findRepository(testRegistry, 'app');
  await reader.findRepository(testRegistry, 'app');
  expect(reads).toBe(3);
  changed();
  await reader.findRepository(testRegistry, 'app');
  expect(reads).toBe(4);
});

test('the segments of an upload are read afresh, those of a blob once', async () => {
  await using database = await openTestSqlite();
  const reader = rememberingReader(database.reader, database.epochs);
  const upload = {
    blob: testId('b'),
    registry: testRegistry,
    repositoryName: 'app',
    principal: testId('ad'),
    algorithm: 'sha256',
    expiresAt: testNow + 1,
  };
  const segment = (startBytes: number) => ({
    id: testId(`e${startBytes}e`),
    startBytes,
    lengthBytes: 1,
    cipher: 1,
    inlineBox: new Uint8Array([1]),
    object: null,
    objectOffset: null,
    keyBox: null,
  });
  await database.run('appendUpload', {
    ...upload,
    expectedOffsetBytes: 0,
    segments: [segment(0)],
    offsetBytes: 1,
    prefixDigest: null,
  });
  expect(await reader.segments(testId('b'))).toHaveLength(1);
  await database.run('appendUpload', {
    ...upload,
    expectedOffsetBytes: 1,
    segments: [segment(1)],
    offsetBytes: 2,
    prefixDigest: null,
  });
  expect(await reader.segments(testId('b'))).toHaveLength(2);
});

async function put(database: TestDatabase, digest: string): Promise<void> {
  await database.run('putManifest', testManifest({ digest, tags: ['v1'] }));
}
