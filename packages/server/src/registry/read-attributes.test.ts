import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import {
  openTestSqlite,
  testDigest,
  testManifest,
  testRegistry,
} from '../storage/database/open-test-database.ts';
import { type AskedPage, listManifestAttributes, listTagAttributes } from './read-attributes.ts';

const registry = { id: testRegistry };

test('a page of manifests with very many tags is shorter than asked for, and leads to the rest', async () => {
  await using database = await openTestSqlite();
  const each = Math.ceil(limits.manifestPageItemsMax * 0.6);
  const names = ['one', 'two', 'three'].map(testDigest).toSorted();
  for (const [index, digest] of names.entries()) {
    const tags = Array.from({ length: each }, (_, at) => `${index}-${at}`);
    await database.run('putManifest', testManifest({ digest, tags }));
  }
  const found: [string, number][][] = [];
  let page: AskedPage = { order: 'timeasc', last: undefined, lastTime: undefined, limit: 100 };
  for (;;) {
    const { manifests, next } = await listManifestAttributes(database, registry, {
      repositoryName: 'app',
      page,
    });
    found.push(manifests.map((manifest) => [manifest.digest, manifest.tags.length]));
    if (next === undefined) break;
    page = { ...page, last: next.name, lastTime: next.updatedAt };
  }
  expect(found).toEqual(names.map((digest) => [[digest, each]]));
});

test('a page without room is empty and leads nowhere', async () => {
  await using database = await openTestSqlite();
  await database.run('putManifest', testManifest({ tags: ['v1'] }));
  const page: AskedPage = { order: 'name', last: undefined, lastTime: undefined, limit: 0 };
  const wanted = { repositoryName: 'app', page };
  expect(await listManifestAttributes(database, registry, wanted)).toEqual({
    manifests: [],
    next: undefined,
  });
  const tags = await listTagAttributes(database, registry, { ...wanted, digest: undefined });
  expect(tags).toEqual({ tags: [], next: undefined });
});
