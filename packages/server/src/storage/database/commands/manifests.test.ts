import { expect, test } from 'vitest';
import { isRefusal } from '../../../errors.ts';
import type {
  ManifestReferenceFacts,
  Precondition,
  PutKnownManifest,
  PutManifest,
} from '../../../registry/commands.ts';
import {
  describeDialects,
  type TestDatabase,
  testDigest,
  testId,
  testManifest,
  testNow,
  testRegistry,
} from '../open-test-database.ts';

const image = testDigest('image');
const config = testDigest('config');
const layer = testDigest('layer');

describeDialects('manifests', (open) => {
  test('a manifest is refused while parts are missing, and the refusal names all of them', async () => {
    await using database = await open();
    const error = await refusal(database.run('putManifest', put({ tags: ['v1'] })));
    expect(error.code).toBe('manifest_parts_unknown');
    expect(error.detail).toEqual([
      { digest: config, kind: 'blob', mediaType: 'c' },
      { digest: layer, kind: 'blob', mediaType: 'l' },
    ]);
    expect(await database.rows('select * from repository')).toEqual([]);
  });

  test('a sparse registry lets a manifest in without its parts', async () => {
    await using database = await open();
    await database.run('setRegistry', { registry: testRegistry, change: { sparseManifests: true } });
    expect(await database.run('putManifest', put({ tags: ['v1'] }))).toMatchObject({ created: true });
  });

  test("a repository's own policy goes before the registry's", async () => {
    await using database = await open();
    await database.run('setRegistry', { registry: testRegistry, change: { sparseManifests: true } });
    await database.run('setRepository', {
      registry: testRegistry,
      repositoryName: 'app',
      settings: { sparseManifests: false },
    });
    expect((await refusal(database.run('putManifest', put({})))).code).toBe('manifest_parts_unknown');
  });

  test('a manifest that is known is only pointed at, and what its event tells is the same', async () => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({ tags: ['v1'] }));
    await database.run('putManifest', put({ tags: ['v2'] }));
    const again = await database.run('putKnownManifest', known({ tags: ['v1', 'v3'] }));
    expect(again).toEqual({
      created: false,
      tags: [
        { name: 'v1', previousDigest: image },
        { name: 'v3', previousDigest: null },
      ],
    });
    const repository = await database.reader.findRepository(testRegistry, 'app');
    expect(repository).toMatchObject({ manifestCount: 1, tagCount: 3 });
    await database.stamp(testRegistry);
    const events = await database.rows(
      "select payload from event where kind = 'manifest.put' order by number",
    );
    const [, full, light] = events.map((row) => JSON.parse(String(row['payload'])) as object);
    expect({ ...light, tags: null }).toEqual({ ...full, tags: null });
  });

  test.each([
    { repositoryName: 'app', digest: testDigest('other') },
    { repositoryName: 'elsewhere', digest: image },
  ])('a manifest that $repositoryName does not have is left to a whole push', async (absent) => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({ tags: ['v1'] }));
    const before = await database.rows('select * from repository');
    expect(await database.run('putKnownManifest', known({ ...absent, tags: ['v1'] }))).toBeNull();
    expect(await database.rows('select * from repository')).toEqual(before);
    expect(await database.rows("select * from event where kind = 'manifest.put'")).toHaveLength(1);
  });

  test('a condition is held for a known manifest too', async () => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({ tags: ['v1'] }));
    const precondition: Precondition = { ifMatch: null, ifNoneMatchAny: true };
    const again = database.run('putKnownManifest', known({ tags: ['v1'], precondition }));
    expect((await refusal(again)).code).toBe('precondition_failed');
  });

  test('a tag moves, its event tells from where, and counters follow', async () => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({ tags: ['v1', 'latest'] }));
    const moved = await database.run('putManifest', put({ digest: testDigest('other'), tags: ['v1'] }));
    expect(moved).toEqual({ created: true, tags: [{ name: 'v1', previousDigest: image }] });
    const repository = await database.reader.findRepository(testRegistry, 'app');
    expect(repository).toMatchObject({ manifestCount: 2, tagCount: 2 });
    expect(await database.reader.findTag(repository?.id ?? '', 'v1')).toMatchObject({
      digest: testDigest('other'),
    });
    await database.stamp(testRegistry);
    const events = await database.rows(
      "select number, kind, payload from event where kind = 'manifest.put' order by number",
    );
    expect(events.map((event) => JSON.parse(String(event['payload'])).tags)).toEqual([
      [
        { name: 'latest', previousDigest: null },
        { name: 'v1', previousDigest: null },
      ],
      [{ name: 'v1', previousDigest: image }],
    ]);
  });

  test('of two conditions on one tag, the stale one is refused and changes nothing', async () => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({ tags: ['v1'] }));
    const onImage = { ifMatch: [image], ifNoneMatchAny: false };
    await database.run(
      'putManifest',
      put({ digest: testDigest('second'), tags: ['v1'], precondition: onImage }),
    );
    const late = put({ digest: testDigest('third'), tags: ['v1'], precondition: onImage });
    expect((await refusal(database.run('putManifest', late))).code).toBe('precondition_failed');
    const repository = await database.reader.findRepository(testRegistry, 'app');
    expect(await database.reader.findTag(repository?.id ?? '', 'v1')).toMatchObject({
      digest: testDigest('second'),
    });
    expect(await database.reader.findManifest(repository?.id ?? '', testDigest('third'))).toBeUndefined();
  });

  test.each<[string, Precondition, boolean]>([
    ['If-None-Match: * on a tag that exists', { ifMatch: null, ifNoneMatchAny: true }, false],
    ['If-Match: * on a tag that exists', { ifMatch: '*', ifNoneMatchAny: false }, true],
    ['If-Match of another digest', { ifMatch: [testDigest('else')], ifNoneMatchAny: false }, false],
    [
      'If-Match of several, one of them current',
      { ifMatch: [testDigest('else'), image], ifNoneMatchAny: false },
      true,
    ],
  ])('%s', async (_name, precondition, holds) => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({ tags: ['v1'] }));
    const second = database.run('putManifest', put({ tags: ['v1'], precondition }));
    if (holds) await second;
    else expect((await refusal(second)).code).toBe('precondition_failed');
  });

  test('a deleted tag leaves a tombstone, and a new tag of the name is later than it', async () => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({ tags: ['v1'] }));
    await database.run('deleteTag', {
      registry: testRegistry,
      repositoryName: 'app',
      tag: 'v1',
      precondition: null,
    });
    const [tombstone] = await database.rows('select hlc from tag_tombstone');
    // The clock stands still or goes back, and yet what follows is later.
    await database.run('putManifest', put({ tags: ['v1'] }), testNow - 1000);
    const [tag] = await database.rows('select hlc from tag');
    expect(Number(tag?.['hlc'])).toBeGreaterThan(Number(tombstone?.['hlc']));
    expect(await database.rows('select * from tag_tombstone')).toEqual([]);
  });

  test('deleting a manifest takes its tags along; an index keeps its children', async () => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({ tags: ['v1', 'v2'] }));
    const index = put({ digest: testDigest('index'), tags: ['multi'], references: [child(image)] });
    await database.run('putManifest', index);
    const remove = { registry: testRegistry, repositoryName: 'app', digest: image, precondition: null };
    expect((await refusal(database.run('deleteManifest', remove))).code).toBe('manifest_referenced');
    await database.run('deleteManifest', { ...remove, digest: testDigest('index') });
    expect(await database.run('deleteManifest', remove)).toEqual({ tags: ['v1', 'v2'] });
    const repository = await database.reader.findRepository(testRegistry, 'app');
    expect(repository).toMatchObject({ manifestCount: 0, tagCount: 0 });
    expect(await database.reader.listRepositories(testRegistry, { last: undefined, limit: 10 })).toEqual([]);
    expect(await database.rows('select * from manifest_reference')).toEqual([]);
  });

  test('a blob that a manifest needs is not unlinked', async () => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({}));
    const unlink = { registry: testRegistry, repositoryName: 'app', digest: layer };
    expect((await refusal(database.run('unlinkBlob', unlink))).code).toBe('blob_referenced');
    await database.run('deleteManifest', {
      registry: testRegistry,
      repositoryName: 'app',
      digest: image,
      precondition: null,
    });
    await database.run('unlinkBlob', unlink);
    const repository = await database.reader.findRepository(testRegistry, 'app');
    expect(await database.reader.findBlob(repository?.id ?? '', layer)).toBeUndefined();
  });

  test('indexes nest no deeper than allowed', async () => {
    await using database = await open();
    await withBlobs(database);
    await database.run('putManifest', put({}));
    let below = image;
    for (const level of ['i1', 'i2']) {
      await database.run(
        'putManifest',
        put({ digest: testDigest(level), references: [child(below)], indexDepthMax: 2 }),
      );
      below = testDigest(level);
    }
    const deeper = put({ digest: testDigest('i3'), references: [child(below)], indexDepthMax: 2 });
    expect((await refusal(database.run('putManifest', deeper))).code).toBe('manifest_invalid');
  });

  test('a command that is sent again has no second effect', async () => {
    await using database = await open();
    await withBlobs(database);
    const context = { ...contextOf(), commandId: testId('c0') };
    const send = () =>
      database.commands.execute('putManifest', put({ tags: ['v1'] }), { lane: 'x', context });
    await send();
    expect((await refusal(send())).code).toBe('command_repeated');
    expect((await database.reader.findRepository(testRegistry, 'app'))?.tagCount).toBe(1);
  });

  test('many writers on one tag leave one digest, a gapless history, and true counters', async () => {
    await using database = await open();
    await withBlobs(database);
    const writers = Array.from({ length: 24 }, (_, index) => testDigest(`w${index}`));
    await Promise.all(
      writers.map((digest) =>
        database.run('putManifest', put({ digest, tags: ['v1', digest.slice(7, 15)] })),
      ),
    );
    await database.stamp(testRegistry);
    const events = await database.rows(
      "select number, payload from event where kind = 'manifest.put' order by number",
    );
    const all = await database.rows('select number from event order by number');
    expect(all.map((event) => Number(event['number']))).toEqual(all.map((_, index) => index + 1));
    // Each put tells the digest that it moved the tag from: the history is one chain.
    let previous: string | null = null;
    for (const event of events) {
      const payload = JSON.parse(String(event['payload']));
      expect(payload.tags.find((tag: { name: string }) => tag.name === 'v1').previousDigest).toBe(previous);
      previous = payload.digest;
    }
    const repository = await database.reader.findRepository(testRegistry, 'app');
    expect(await database.reader.findTag(repository?.id ?? '', 'v1')).toMatchObject({ digest: previous });
    expect(repository).toMatchObject({
      manifestCount: 24,
      tagCount: 1 + new Set(writers.map((d) => d.slice(7, 15))).size,
    });
  });
});

function put(change: Partial<PutManifest>): PutManifest {
  const references = [part(config, 'config', 'c'), part(layer, 'layer', 'l')];
  return testManifest({ configDigest: config, configMediaType: 'c', references, ...change });
}

function known(change: Partial<PutKnownManifest>): PutKnownManifest {
  const { registry, repositoryName, digest, tags, precondition, ...facts } = put({});
  const { mediaType, artifactType, subjectDigest, sizeBytes } = facts;
  const place = { registry, repositoryName, digest, tags, precondition };
  return { ...place, mediaType, artifactType, subjectDigest, sizeBytes, ...change };
}

const part = (digest: string, kind: 'config' | 'layer', mediaType: string): ManifestReferenceFacts => ({
  digest,
  kind,
  mediaType,
  sizeBytes: 1,
  required: true,
  platform: null,
});

const child = (digest: string): ManifestReferenceFacts => ({
  digest,
  kind: 'child',
  mediaType: 'm',
  sizeBytes: 10,
  required: true,
  platform: null,
});

async function withBlobs(database: TestDatabase): Promise<void> {
  for (const [index, digest] of [config, layer].entries()) {
    await database.run('finishUpload', {
      blob: testId(`b${index}`),
      registry: testRegistry,
      repositoryName: 'app',
      principal: testId('ad'),
      algorithm: 'sha256',
      expiresAt: testNow + 1000,
      expectedOffsetBytes: 0,
      segments: [],
      sizeBytes: 0,
      digest,
    });
  }
}

async function refusal(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isRefusal(error)) throw error ?? new Error('It was not refused.');
  return error;
}

function contextOf() {
  return {
    commandId: testId('c'),
    newId: testId('d'),
    now: testNow,
    principalId: testId('ad'),
    principalName: 'cerulean',
    requestId: 'r',
    address: 'a',
    host: 'h',
    method: 'PUT',
    userAgent: 'u',
  };
}
