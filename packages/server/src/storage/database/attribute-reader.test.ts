import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ListOrder, ListPlace, OrderedPage } from '../../registry/content-attributes.ts';
import * as read from './attribute-statements.ts';
import { tagsOf } from './commands/manifest-statements.ts';
import {
  describeDialects,
  openTestSqlite,
  type TestDatabase,
  testDigest,
  testManifest,
  testNow,
  testRegistry,
} from './open-test-database.ts';
import { repositoryPage } from './read-statements.ts';

const place = { registry: testRegistry, repositoryName: 'app' } as const;
const orders: readonly ListOrder[] = ['name', 'timeasc', 'timedesc'];

/** What was pushed: when, in seconds of which some are the same, and whether it is listed. */
interface Pushed {
  readonly name: string;
  readonly second: number;
  readonly listed: boolean;
}

const pushes = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[aA_b-][.a-]{0,3}$/).filter((name) => /^[\w]/.test(name)),
    second: fc.integer({ min: 0, max: 4 }),
    listed: fc.boolean(),
  }),
  { selector: (pushed) => pushed.name, minLength: 1, maxLength: 12 },
);

/** The order by hand: bytes of the name, or the time and then the name. */
function inOrder(pushed: readonly Pushed[], order: ListOrder): string[] {
  const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const sorted = pushed
    .filter((one) => one.listed)
    .toSorted((a, b) => (order === 'name' ? 0 : a.second - b.second) || bytes(a.name, b.name));
  const names = sorted.map((one) => one.name);
  return order === 'timedesc' ? names.reverse() : names;
}

describeDialects('attributes of content', (open) => {
  test('pages of tags and manifests unite to all that is listed, in order, each once', async () => {
    await using database = await open();
    const property = fc.asyncProperty(pushes, fc.integer({ min: 1, max: 5 }), async (pushed, limit) => {
      const repository = await refill(database, pushed);
      for (const order of orders) {
        const tags = await walk({ order, limit }, async (page) =>
          (await database.reader.listTagAttributes(repository, page, undefined)).map((tag) => ({
            name: tag.name,
            updatedAt: tag.updatedAt,
          })),
        );
        expect([order, tags]).toEqual([order, inOrder(pushed, order)]);
        const manifests = await walk({ order, limit }, async (page) =>
          (await database.reader.listManifestAttributes(repository, page)).map((row) => ({
            name: row.digest,
            updatedAt: row.updatedAt,
          })),
        );
        const byDigest = pushed.map((one) => ({ ...one, name: testDigest(one.name) }));
        expect([order, manifests]).toEqual([order, inOrder(byDigest, order)]);
      }
    });
    await fc.assert(property, { numRuns: database.dialect === 'sqlite' ? 40 : 8 });
  });

  test('tags of one manifest come in every order, and the hidden ones are named with the manifest', async () => {
    await using database = await open();
    await database.run('putManifest', testManifest({ tags: ['b'] }), testNow);
    await database.run('putManifest', testManifest({ tags: ['a', 'c'] }), testNow + 1);
    await database.run('putManifest', testManifest({ digest: testDigest('else'), tags: ['d'] }), testNow);
    const hidden = { ...place, content: { kind: 'tag', tag: 'c' }, change: { listEnabled: false } } as const;
    await database.run('setContentFlags', hidden);
    const { id = '' } = (await database.reader.findRepository(testRegistry, 'app')) ?? {};
    const listed = orders.map(async (order) => {
      const page = { order, after: undefined, limit: 10 };
      const rows = await database.reader.listTagAttributes(id, page, testDigest('image'));
      return rows.map((row) => row.name);
    });
    expect(await Promise.all(listed)).toEqual([
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b'],
    ]);
    expect(await database.reader.tagsOfManifest(id, testDigest('image'), 10)).toEqual(['a', 'b', 'c']);
    const listing = await database.reader.listTags(id, { last: undefined, limit: 10 });
    expect(listing).toEqual(['a', 'b', 'd']);
  });

  test('what lists leave out is found by its name', async () => {
    await using database = await open();
    await database.run('putManifest', testManifest({ tags: ['v1'] }));
    const change = { listEnabled: false };
    await database.run('setContentFlags', { ...place, content: { kind: 'repository' }, change });
    const first = { last: undefined, limit: 10 };
    expect(await database.reader.listRepositories(testRegistry, first)).toEqual([]);
    expect(await database.reader.findRepository(testRegistry, 'app')).toMatchObject({
      name: 'app',
      flags: { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: false },
    });
  });

  test('a hidden referrer is not listed', async () => {
    await using database = await open();
    const subjectDigest = testDigest('subject');
    for (const name of ['one', 'two'])
      await database.run('putManifest', testManifest({ digest: testDigest(name), subjectDigest }));
    const content = { kind: 'manifest', digest: testDigest('one') } as const;
    await database.run('setContentFlags', { ...place, content, change: { listEnabled: false } });
    const { id = '' } = (await database.reader.findRepository(testRegistry, 'app')) ?? {};
    const wanted = { subject: subjectDigest, artifactType: undefined };
    const rows = await database.reader.listReferrers(id, wanted, { last: undefined, limit: 10 });
    expect(rows.map((row) => row.digest)).toEqual([testDigest('two')]);
  });
});

test('every page is found by an index on SQLite, and only tags of one manifest are sorted', async () => {
  await using database = await openTestSqlite();
  const plan = async (statement: { compiled(dialect: 'sqlite'): { readonly sql: string } }) => {
    const sql = statement.compiled('sqlite').sql.replaceAll('?', '1');
    return (await database.rows(`explain query plan ${sql}`)).map((row) => String(row['detail'])).join('; ');
  };
  const byName =
    'SEARCH tag USING PRIMARY KEY (repository=? AND name=?); LIST SUBQUERY 1; SEARCH tag USING COVERING INDEX tag_digest (repository=? AND digest=?)';
  expect(await plan(tagsOf)).toBe(byName);
  for (const order of orders) {
    expect(await plan(read.tagPagesOfDigest[order])).toContain(byName);
    const index = order === 'name' ? 'PRIMARY KEY' : 'INDEX tag_time';
    expect(await plan(read.tagPages[order])).toMatch(new RegExp(`^SEARCH tag USING ${index} [^;]*$`));
    const manifestIndex = order === 'name' ? 'PRIMARY KEY' : 'INDEX manifest_time';
    expect(await plan(read.manifestPages[order])).toMatch(
      new RegExp(`^SEARCH manifest USING ${manifestIndex} [^;]*$`),
    );
  }
  expect(await plan(read.tagNamesOfManifest)).toMatch(/^SEARCH tag USING COVERING INDEX tag_digest [^;]*$/);
  expect(await plan(read.childrenOfManifest)).toMatch(/^SEARCH manifest_reference USING PRIMARY KEY [^;]*$/);
  expect(await plan(repositoryPage)).toMatch(/^SEARCH repository USING INDEX repository_catalog [^;]*$/);
});

/** An empty repository again, then one manifest with one tag for each. */
async function refill(database: TestDatabase, pushed: readonly Pushed[]): Promise<string> {
  if ((await database.reader.findRepository(testRegistry, 'app')) !== undefined)
    await database.run('deleteRepository', place);
  for (const { name, second, listed } of pushed) {
    const digest = testDigest(name);
    await database.run('putManifest', testManifest({ digest, tags: [name] }), testNow + second * 1000);
    if (listed) continue;
    const change = { listEnabled: false };
    await database.run('setContentFlags', { ...place, content: { kind: 'tag', tag: name }, change });
    await database.run('setContentFlags', { ...place, content: { kind: 'manifest', digest }, change });
  }
  return (await database.reader.findRepository(testRegistry, 'app'))?.id ?? '';
}

async function walk(
  asked: Pick<OrderedPage, 'order' | 'limit'>,
  list: (page: OrderedPage) => Promise<ListPlace[]>,
): Promise<string[]> {
  const names: string[] = [];
  for (let after: ListPlace | undefined; ; ) {
    const page = await list({ ...asked, after });
    names.push(...page.map((one) => one.name));
    if (names.length > 100) throw new Error('The walk comes to no end.');
    after = page.at(-1);
    if (page.length < asked.limit) return names;
  }
}
