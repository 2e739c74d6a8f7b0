import { expect, test } from 'vitest';
import { isRefusal } from '../../../errors.ts';
import type { CommandName, Commands, FlaggedContent, PutManifest } from '../../../registry/commands.ts';
import type { ContentFlags } from '../../../registry/content-flags.ts';
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
const image = testDigest('image');
const other = testDigest('other');
const layer = testDigest('layer');
const repository: FlaggedContent = { kind: 'repository' };
const tag: FlaggedContent = { kind: 'tag', tag: 'v1' };
const manifest: FlaggedContent = { kind: 'manifest', digest: image };
const sparse = { registry: testRegistry, change: { sparseManifests: true } };

type Place = { readonly registry: string; readonly repositoryName: string };

/** What is tried on a repository with the image `image`, tagged v1, and a spare blob. */
const attempts = {
  'push the image again by digest': putting({ digest: image }),
  'push the image again by its tag': putting({ digest: image, tags: ['v1'] }),
  'push the image under a new tag': putting({ digest: image, tags: ['v2'] }),
  'push the image again, known as it is, under a new tag': knowing({ digest: image, tags: ['v4'] }),
  'push the image again, known as it is, by its tag': knowing({ digest: image, tags: ['v1'] }),
  'move the tag to another image': putting({ digest: other, tags: ['v1'] }),
  'push another image': putting({ digest: other, tags: ['v3'] }),
  'push a blob': (at: Place) => command('finishUpload', upload(at, 'more')),
  'mount a blob': (at: Place) => command('mountBlob', { ...at, digest: layer, from: 'base' }),
  'delete a blob': (at: Place) => command('unlinkBlob', { ...at, digest: testDigest('spare') }),
  untag: (at: Place) => command('deleteTag', { ...at, tag: 'v1', precondition: null }),
  'delete the image': (at: Place) => command('deleteManifest', { ...at, digest: image, precondition: null }),
  'delete the repository': (at: Place) => command('deleteRepository', at),
} as const;

type Attempt = keyof typeof attempts;

const everything = Object.keys(attempts) as Attempt[];
const deletions: readonly Attempt[] = ['untag', 'delete the image', 'delete the repository'];

/** By hand, from ACR's documentation of locks: what each flag that is off refuses. Everything else works. */
const matrix: readonly [FlaggedContent, keyof ContentFlags, readonly Attempt[]][] = [
  [repository, 'writeEnabled', everything],
  [repository, 'deleteEnabled', ['delete the repository']],
  [repository, 'readEnabled', []],
  [repository, 'listEnabled', []],
  [
    tag,
    'writeEnabled',
    [
      'push the image again by its tag',
      'push the image again, known as it is, by its tag',
      'move the tag to another image',
      ...deletions,
    ],
  ],
  [tag, 'deleteEnabled', deletions],
  [tag, 'readEnabled', []],
  [tag, 'listEnabled', []],
  [
    manifest,
    'writeEnabled',
    [
      'push the image again by digest',
      'push the image again by its tag',
      'push the image under a new tag',
      'push the image again, known as it is, under a new tag',
      'push the image again, known as it is, by its tag',
      'delete the image',
      'delete the repository',
    ],
  ],
  [manifest, 'deleteEnabled', ['delete the image', 'delete the repository']],
  [manifest, 'readEnabled', []],
  [manifest, 'listEnabled', []],
];

describeDialects('content flags', (open) => {
  test.each(matrix)(
    'of %o, %s off refuses what it should and nothing else',
    async (content, flag, refused) => {
      await using database = await open();
      for (const [index, attempt] of everything.entries()) {
        const own = { ...place, repositoryName: `app-${index}` };
        await prepare(database, own);
        await database.run('setContentFlags', { ...own, content, change: { [flag]: false } });
        expect([attempt, await tried(database, attempts[attempt](own))]).toEqual([
          attempt,
          refused.includes(attempt) ? 'operation_disallowed' : 'done',
        ]);
      }
    },
  );

  test('nothing is mounted from a repository that may not be read', async () => {
    await using database = await open();
    await prepare(database);
    const base = { registry: testRegistry, repositoryName: 'base' };
    await database.run('setContentFlags', { ...base, content: repository, change: { readEnabled: false } });
    const mount = { ...place, digest: layer, from: 'base' };
    expect(await database.run('mountBlob', mount)).toEqual({ mounted: false });
    expect(await database.reader.listRepositoriesLinking(testRegistry, layer, 10)).toEqual([]);
  });

  test('a part of a locked image stays, also where parts may be missing', async () => {
    await using database = await open();
    await prepare(database);
    const reference = { digest: layer, kind: 'layer', mediaType: 'l', sizeBytes: 1, required: true } as const;
    const references = [{ ...reference, platform: null }];
    await database.run('mountBlob', { ...place, digest: layer, from: 'base' });
    await database.run('putManifest', testManifest({ digest: other, references }));
    const content: FlaggedContent = { kind: 'manifest', digest: other };
    await database.run('setContentFlags', { ...place, content, change: { deleteEnabled: false } });
    const unlink = () => database.run('unlinkBlob', { ...place, digest: layer });
    await expect(unlink()).rejects.toMatchObject({ code: 'operation_disallowed' });
    await database.run('setContentFlags', { ...place, content, change: { deleteEnabled: true } });
    await unlink();
  });

  test('flags that are not named stay, and what is locked can be unlocked; an event tells both', async () => {
    await using database = await open();
    await prepare(database);
    const locked = { deleteEnabled: true, writeEnabled: false, readEnabled: true, listEnabled: false };
    const change = { writeEnabled: false, listEnabled: false };
    expect(await database.run('setContentFlags', { ...place, content: tag, change })).toEqual(locked);
    const unlocked = { ...locked, writeEnabled: true };
    const back = { ...place, content: tag, change: { writeEnabled: true } };
    expect(await database.run('setContentFlags', back)).toEqual(unlocked);
    await database.stamp(testRegistry);
    const events = await database.rows(
      "select repository_name, payload from event where kind = 'tag.flag' order by number",
    );
    expect(events.map((row) => [row['repository_name'], JSON.parse(String(row['payload']))])).toEqual([
      ['app', { tag: 'v1', before: { ...unlocked, listEnabled: true }, after: locked }],
      ['app', { tag: 'v1', before: locked, after: unlocked }],
    ]);
  });

  test('from the acknowledgement of its lock on a tag stays where it points, however many write at a time', async () => {
    await using database = await open();
    await prepare(database);
    const { id = '' } = (await database.reader.findRepository(testRegistry, 'app')) ?? {};
    const move = (at: number) =>
      tried(database, putting({ digest: testDigest(`next ${at}`), tags: ['v1'] })(place));
    const moves = Array.from({ length: 12 }, (_, at) => move(at));
    const locked = database.run('setContentFlags', {
      ...place,
      content: tag,
      change: { writeEnabled: false },
    });
    moves.push(...Array.from({ length: 12 }, (_, at) => move(at + 12)));
    await locked;
    const then = await database.reader.findTag(id, 'v1');
    const outcomes = new Set([...(await Promise.all(moves)), await move(24)]);
    // Which of them came before the lock is left to the engine; the last did not.
    expect(outcomes.difference(new Set(['done']))).toEqual(new Set(['operation_disallowed']));
    expect(await database.reader.findTag(id, 'v1')).toEqual(then);
  });

  test('a new tag of a name that was locked once is not locked', async () => {
    await using database = await open();
    await prepare(database);
    const off = { ...place, content: tag, change: { readEnabled: false } };
    await database.run('setContentFlags', off);
    await database.run('deleteTag', { ...place, tag: 'v1', precondition: null });
    await database.run('putManifest', testManifest({ tags: ['v1'] }));
    const id = (await database.reader.findRepository(testRegistry, 'app'))?.id ?? '';
    expect(await database.reader.findTag(id, 'v1')).toEqual({ digest: image, readEnabled: true });
  });

  test.each<[FlaggedContent, string]>([
    [{ kind: 'tag', tag: 'none' }, 'tag_unknown'],
    [{ kind: 'manifest', digest: other }, 'manifest_unknown'],
  ])('%o is not there and has no flags', async (content, code) => {
    await using database = await open();
    await prepare(database);
    const set = database.run('setContentFlags', { ...place, content, change: { readEnabled: false } });
    await expect(set).rejects.toMatchObject({ code });
    const nowhere = { ...place, repositoryName: 'nowhere', content, change: { readEnabled: false } };
    await expect(database.run('setContentFlags', nowhere)).rejects.toMatchObject({ code: 'name_unknown' });
  });
});

async function prepare(database: TestDatabase, at: Place = place): Promise<void> {
  await database.run('setRegistry', sparse);
  await database.run('finishUpload', upload({ ...at, repositoryName: 'base' }, 'layer'));
  await database.run('finishUpload', upload(at, 'spare'));
  await database.run('putManifest', testManifest({ ...at, tags: ['v1'] }));
}

type Run = (database: TestDatabase) => Promise<unknown>;

async function tried(database: TestDatabase, run: Run): Promise<string> {
  try {
    await run(database);
    return 'done';
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return error.code;
  }
}

function command<N extends CommandName>(name: N, input: Commands[N]['input']): Run {
  return (database) => database.run(name, input);
}

function knowing(change: Partial<PutManifest>) {
  const { registry, mediaType, artifactType, subjectDigest, sizeBytes, precondition } = testManifest();
  const facts = { registry, mediaType, artifactType, subjectDigest, sizeBytes, precondition };
  return (at: Place) => command('putKnownManifest', { ...facts, digest: image, tags: [], ...at, ...change });
}

function putting(change: Partial<PutManifest>) {
  return (at: Place) => command('putManifest', testManifest({ ...at, ...change }));
}

function upload(at: Place, content: string): Commands['finishUpload']['input'] {
  return {
    ...at,
    blob: randomId(),
    principal: testAdmin,
    algorithm: 'sha256',
    expiresAt: testNow + 1000,
    expectedOffsetBytes: 0,
    segments: [],
    sizeBytes: content.length,
    digest: testDigest(content),
  };
}
