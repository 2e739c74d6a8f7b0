import { expect, test } from 'vitest';
import { describeDialects, testDigest, testManifest, testRegistry } from '../open-test-database.ts';

const image = testDigest('image');

describeDialects('figures of pulls', (open) => {
  test('they add up, the last time never goes back, and what is gone is passed over', async () => {
    await using database = await open();
    await database.run('putManifest', testManifest({ tags: ['v1', 'v2'] }));
    const pulls = (count: number, at: number) => ({
      registry: testRegistry,
      manifests: [
        { repositoryName: 'app', digest: image, count, at },
        { repositoryName: 'app', digest: testDigest('gone'), count, at },
        { repositoryName: 'gone', digest: image, count, at },
      ],
      tags: [
        { repositoryName: 'app', tag: 'v1', count: 1, at },
        { repositoryName: 'app', tag: 'gone', count: 1, at },
      ],
    });
    await database.run('recordPulls', pulls(3, 5000));
    await database.run('recordPulls', pulls(4, 4000));
    const id = (await database.reader.findRepository(testRegistry, 'app'))?.id ?? '';
    const figures = [
      await database.reader.manifestAttributes(id, image),
      await database.reader.tagAttributes(id, 'v1'),
      await database.reader.tagAttributes(id, 'v2'),
    ].map((row) => [row?.pullCount, row?.lastPulledAt]);
    expect(figures).toEqual([
      [7, 5000],
      [2, 5000],
      [0, null],
    ]);
    expect(await database.rows("select kind from event where kind like '%pull%'")).toEqual([]);
  });

  test('they void nothing that threads remember', async () => {
    await using database = await open();
    await database.run('putManifest', testManifest({ tags: ['v1'] }));
    const before = database.epochs.repository(`${testRegistry}/app`);
    const manifests = [{ repositoryName: 'app', digest: image, count: 1, at: 1 }];
    await database.run('recordPulls', { registry: testRegistry, manifests, tags: [] });
    expect(database.epochs.repository(`${testRegistry}/app`)).toBe(before);
  });

  test('a tag that moves keeps its figures: it is the same name', async () => {
    await using database = await open();
    await database.run('putManifest', testManifest({ tags: ['v1'] }));
    const tags = [{ repositoryName: 'app', tag: 'v1', count: 2, at: 9 }];
    await database.run('recordPulls', { registry: testRegistry, manifests: [], tags });
    await database.run('putManifest', testManifest({ digest: testDigest('next'), tags: ['v1'] }));
    const id = (await database.reader.findRepository(testRegistry, 'app'))?.id ?? '';
    expect(await database.reader.tagAttributes(id, 'v1')).toMatchObject({
      digest: testDigest('next'),
      pullCount: 2,
      lastPulledAt: 9,
    });
  });
});
