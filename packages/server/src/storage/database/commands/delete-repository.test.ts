import { expect, test } from 'vitest';
import { isRefusal } from '../../../errors.ts';
import {
  describeDialects,
  randomId,
  type TestDatabase,
  testAdmin,
  testDigest,
  testManifest,
  testNow,
  testRegistry,
} from '../open-test-database.ts';

const place = { registry: testRegistry, repositoryName: 'app' } as const;

describeDialects('repositories as a whole', (open) => {
  test('a repository goes with all that is in it, and others keep what they have', async () => {
    await using database = await open();
    await fill(database);
    await database.run('putManifest', testManifest({ repositoryName: 'app/sub', tags: ['v1'] }));
    await database.run('deleteTag', { ...place, tag: 'gone', precondition: null });
    const digests = [testDigest('image'), testDigest('second')].sort();
    expect(await database.run('deleteRepository', place)).toEqual({ manifests: digests, tags: ['v1', 'v2'] });
    expect(await database.reader.findRepository(testRegistry, 'app')).toBeUndefined();
    expect(await database.reader.findRepository(testRegistry, 'app/sub')).toMatchObject({ manifestCount: 1 });
    const counts = [
      'repository',
      'manifest',
      'tag',
      'tag_tombstone',
      'manifest_reference',
      'repository_blob',
    ].map(async (table) => Number((await database.rows(`select count(*) as n from ${table}`))[0]?.['n']));
    expect(await Promise.all(counts)).toEqual([1, 1, 1, 0, 0, 0]);
    await database.stamp(testRegistry);
    const [event] = await database.rows("select * from event where kind = 'repository.delete'");
    expect(event).toMatchObject({ repository_name: 'app', payload: '{"manifests":2,"tags":2}' });
  });

  test('a repository that is made again has another id', async () => {
    await using database = await open();
    await fill(database);
    const before = await database.reader.findRepository(testRegistry, 'app');
    await database.run('deleteRepository', place);
    await fill(database);
    const after = await database.reader.findRepository(testRegistry, 'app');
    expect(after).toMatchObject({ manifestCount: 2, tagCount: 3 });
    expect(after?.id).not.toBe(before?.id);
    await expect(
      database.run('deleteRepository', { ...place, repositoryName: 'nowhere' }),
    ).rejects.toMatchObject({ code: 'name_unknown' });
  });

  test('the time of its deletion is kept, later each time, for as long as tokens of that time may be around', async () => {
    await using database = await open();
    const deletedAt = () => database.reader.repositoryDeletedAt(testRegistry, 'app');
    expect(await deletedAt()).toBe(0);
    await fill(database);
    await database.run('deleteRepository', place);
    const first = await deletedAt();
    expect(first).toBeGreaterThanOrEqual(testNow);
    await fill(database);
    await database.run('deleteRepository', place);
    expect(await deletedAt()).toBeGreaterThan(first);
    expect(await database.reader.repositoryDeletedAt(testRegistry, 'other')).toBe(0);
    const weekLater = testNow + 8 * 24 * 3600 * 1000;
    await database.run('putManifest', testManifest({ repositoryName: 'other', tags: ['v1'] }));
    await database.run('deleteRepository', { ...place, repositoryName: 'other' }, weekLater);
    expect(await deletedAt()).toBe(0);
  });

  test('pushes and deletions at a time leave a repository that is whole, or none', async () => {
    await using database = await open();
    await fill(database);
    const work: Promise<unknown>[] = [];
    for (let round = 0; round < 8; round += 1) {
      const digest = testDigest(`image ${round}`);
      work.push(database.run('putManifest', testManifest({ digest, tags: ['v1', `r${round}`] })));
      // Of two deletions at a time one finds nothing.
      if (round % 2 === 0) work.push(database.run('deleteRepository', place).catch(codeOf));
      work.push(database.run('finishUpload', upload(`blob ${round}`, 5)));
    }
    const refusals = (await Promise.all(work)).filter((result) => typeof result === 'string');
    expect(new Set(refusals).difference(new Set(['name_unknown'])).size).toBe(0);
    const left = await database.reader.findRepository(testRegistry, 'app');
    const count = async (from: string) =>
      Number((await database.rows(`select coalesce(sum(n), 0) as n from (${from}) as counted`))[0]?.['n']);
    expect(await count('select count(*) as n from repository')).toBe(left === undefined ? 0 : 1);
    expect(await count('select count(*) as n from manifest')).toBe(left?.manifestCount ?? 0);
    expect(await count('select count(*) as n from tag')).toBe(left?.tagCount ?? 0);
    const linked = 'select blob.size as n from repository_blob join blob on blob.id = repository_blob.blob';
    const bytes = await count(`${linked} union all select size as n from manifest`);
    expect(bytes).toBe(left?.contentBytes ?? 0);
  });

  test('how many bytes it holds follows its blobs and manifests, each counted once', async () => {
    await using database = await open();
    const held = async () => (await database.reader.findRepository(testRegistry, 'app'))?.contentBytes;
    await database.run('setRegistry', { registry: testRegistry, change: { sparseManifests: true } });
    await database.run('finishUpload', upload('one', 1000));
    expect(await held()).toBe(1000);
    await database.run('finishUpload', upload('one', 1000));
    expect(await held()).toBe(1000);
    await database.run('finishUpload', { ...upload('two', 200), repositoryName: 'base' });
    const mount = { ...place, digest: testDigest('two'), from: 'base' };
    await database.run('mountBlob', mount);
    await database.run('mountBlob', mount);
    expect(await held()).toBe(1200);
    await database.run('putManifest', testManifest({ sizeBytes: 30, tags: ['v1'] }));
    await database.run('putManifest', testManifest({ sizeBytes: 30, tags: ['v2'] }));
    expect(await held()).toBe(1230);
    await database.run('unlinkBlob', { ...place, digest: testDigest('one') });
    expect(await held()).toBe(230);
    await database.run('deleteTag', { ...place, tag: 'v1', precondition: null });
    await database.run('deleteManifest', { ...place, digest: testDigest('image'), precondition: null });
    expect(await held()).toBe(200);
  });

  test('an index is as large as the images that it lists', async () => {
    await using database = await open();
    await database.run('setRegistry', { registry: testRegistry, change: { sparseManifests: true } });
    await database.run('putManifest', testManifest({ imageSizeBytes: 5000 }));
    const child = (name: string, sizeBytes: number) =>
      ({
        digest: testDigest(name),
        kind: 'child',
        mediaType: 'm',
        sizeBytes,
        required: true,
        platform: null,
      }) as const;
    const index = testManifest({
      digest: testDigest('index'),
      imageSizeBytes: 10 + 7,
      references: [child('image', 10), child('missing', 7)],
    });
    await database.run('putManifest', index);
    const id = (await database.reader.findRepository(testRegistry, 'app'))?.id ?? '';
    const shown = await database.reader.manifestAttributes(id, testDigest('index'));
    expect(shown?.imageSizeBytes).toBe(5000 + 7);
  });
});

function codeOf(error: unknown): string {
  if (!isRefusal(error)) throw error;
  return error.code;
}

async function fill(database: TestDatabase): Promise<void> {
  await database.run('setRegistry', { registry: testRegistry, change: { sparseManifests: true } });
  await database.run('finishUpload', upload('layer', 10));
  await database.run('putManifest', testManifest({ tags: ['v1', 'gone'] }));
  const reference = { digest: testDigest('layer'), kind: 'layer', mediaType: 'l', sizeBytes: 10 } as const;
  const references = [{ ...reference, required: true, platform: null }];
  await database.run('putManifest', testManifest({ digest: testDigest('second'), tags: ['v2'], references }));
}

function upload(content: string, sizeBytes: number) {
  return {
    ...place,
    blob: randomId(),
    principal: testAdmin,
    algorithm: 'sha256',
    expiresAt: testNow + 1000,
    expectedOffsetBytes: 0,
    segments: [],
    sizeBytes,
    digest: testDigest(content),
  };
}
