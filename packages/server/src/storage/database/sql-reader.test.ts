import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PutManifest } from '../../registry/commands.ts';
import {
  describeDialects,
  type TestDatabase,
  testDigest,
  testManifest,
  testNow,
  testRegistry,
} from './open-test-database.ts';

/** Names of which one is the beginning of another, with every character that sorts around `/`. */
const adversarialNames = [
  'a',
  'a-b',
  'a.b',
  'a/b',
  'a0',
  'a__b',
  'aa',
  'math',
  'math-voila',
  'math/x',
  '0.1.2',
  '0.1.20',
  'b',
];

describeDialects('listings', (open) => {
  test('pages of tags unite to all tags in byte order, each once, for any page size', async () => {
    await using database = await open();
    const tags = adversarialNames.map((name) => name.replaceAll('/', '_')).concat('Upper', '_x');
    await pushManifest(database, { tags: [...new Set(tags)] });
    const repository = (await database.reader.findRepository(testRegistry, 'app'))?.id ?? '';
    const all = [...new Set(tags)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const limit of [1, 2, 3, 7, 100]) {
      expect(await walk((last) => database.reader.listTags(repository, { last, limit }))).toEqual(all);
    }
  });

  test('pages of repositories unite to all that hold a manifest, in byte order', async () => {
    await using database = await open();
    for (const repositoryName of adversarialNames) await pushManifest(database, { repositoryName });
    await database.run('setRepository', {
      registry: testRegistry,
      repositoryName: 'empty',
      settings: { sparseManifests: null },
    });
    const all = [...adversarialNames].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const limit of [1, 4, 100]) {
      expect(await walk((last) => database.reader.listRepositories(testRegistry, { last, limit }))).toEqual(
        all,
      );
    }
    expect(await database.reader.countRepositories(testRegistry)).toBe(all.length);
  });

  test('a page goes on behind a name that is not there', async () => {
    await using database = await open();
    await pushManifest(database, { tags: ['a', 'c'] });
    const repository = (await database.reader.findRepository(testRegistry, 'app'))?.id ?? '';
    expect(await database.reader.listTags(repository, { last: 'b', limit: 10 })).toEqual(['c']);
  });

  test('referrers are those of the subject, by type, in pages', async () => {
    await using database = await open();
    const subject = testDigest('subject');
    for (const [name, type] of [
      ['r1', 'sbom'],
      ['r2', 'signature'],
      ['r3', 'sbom'],
    ] as const) {
      await pushManifest(database, {
        digest: testDigest(name),
        subjectDigest: subject,
        referrerArtifactType: type,
      });
    }
    await pushManifest(database, { digest: testDigest('other'), subjectDigest: testDigest('else') });
    const repository = (await database.reader.findRepository(testRegistry, 'app'))?.id ?? '';
    const page = (type: string | undefined, limit: number) =>
      walk(async (last) =>
        (
          await database.reader.listReferrers(repository, { subject, artifactType: type }, { last, limit })
        ).map((row) => row.digest),
      );
    expect(await page(undefined, 2)).toEqual(['r1', 'r2', 'r3'].map(testDigest).sort());
    expect(await page('sbom', 1)).toEqual(['r1', 'r3'].map(testDigest).sort());
  });
});

describeDialects('listings under random names', (open) => {
  test('any set of tags comes back whole', async () => {
    await using database = await open();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,6}$/), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.integer({ min: 1, max: 5 }),
        async (tags, limit) => {
          run += 1;
          const repositoryName = `run${run}`;
          await pushManifest(database, { repositoryName, tags });
          const repository = (await database.reader.findRepository(testRegistry, repositoryName))?.id ?? '';
          const listed = await walk((last) => database.reader.listTags(repository, { last, limit }));
          expect(listed).toEqual([...tags].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
        },
      ),
      { numRuns: 25 },
    );
  });
});

async function walk(page: (last: string | undefined) => Promise<string[]>): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const names = await page(all.at(-1));
    if (names.length === 0) return all;
    all.push(...names);
  }
}

async function pushManifest(database: TestDatabase, change: Partial<PutManifest>): Promise<void> {
  await database.run('putManifest', testManifest(change), testNow);
}
