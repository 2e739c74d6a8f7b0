/**
 * T18. Proves that who follows the Links of a listing sees each item that is there all the time exactly once, in the
 * order of the bytes, and nothing that was never there: tags, repositories and referrers, with names made to be sorted
 * wrongly, pages of any size, and items that come and go between two pages. The planted bugs show that the check sees
 * a page that begins with the end of the one before, and an order of letters instead of bytes.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Patch, withPatchedSource } from '../process/patched-source.ts';
import { adminOf } from '../process/registry-client.ts';
import { scratchFolder } from '../process/scratch-folder.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { catalogListing, type Listing, referrerListing, tagListing } from './listing-kinds.ts';
import { propertyFailure } from './property-failure.ts';
import { seedOfRun } from './seeded-random.ts';
import { sized } from './test-size.ts';
import { walkPages } from './walk-pages.ts';

const seed = seedOfRun();
const runs = sized({ ci: 60, full: 2000 });

/** Names that stay, names that come and go, and what happens between which pages. */
interface Scenario {
  readonly stable: readonly string[];
  readonly fleeting: readonly string[];
  readonly pageSize: number;
  /** How many of the fleeting are added or removed between two pages, each time the next ones in turn. */
  readonly changesPerPage: number;
  /** Where the walk begins: `last` of the first page, which need not be there. */
  readonly last: string | undefined;
}

function scenarios(listing: Listing): fc.Arbitrary<Scenario> {
  return fc.record({
    stable: fc.uniqueArray(listing.names, { maxLength: 12, size: 'max' }),
    fleeting: fc.uniqueArray(listing.names, { maxLength: 8, size: 'max' }),
    pageSize: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 20 })),
    changesPerPage: fc.integer({ min: 0, max: 3 }),
    last: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: listing.names }),
  });
}

async function runScenario(server: ServerProcess, listing: Listing, scenario: Scenario): Promise<void> {
  const stable = new Set(scenario.stable);
  const fleeting = scenario.fleeting.filter((name) => !stable.has(name));
  const there = new Set<string>();
  const toggle = async (name: string): Promise<void> => {
    if (there.delete(name)) return listing.remove(name);
    there.add(name);
    await listing.add(name);
  };
  for (const name of stable) await toggle(name);
  for (const [index, name] of fleeting.entries()) if (index % 2 === 0) await toggle(name);
  try {
    const last = scenario.last === undefined ? undefined : listing.shown(scenario.last);
    const query = new URLSearchParams({ n: String(scenario.pageSize), ...(last !== undefined && { last }) });
    let turn = 0;
    const pages = await walkPages(adminOf(server), {
      path: `${listing.path}?${query.toString()}`,
      itemsOf: listing.itemsOf,
      pagesMax: 3 + stable.size + fleeting.length,
      async between() {
        for (let change = 0; change < scenario.changesPerPage && fleeting.length > 0; change += 1) {
          await toggle(fleeting[turn % fleeting.length] ?? '');
          turn += 1;
        }
      },
    });
    for (const { items, next } of pages) {
      expect(items.length).toBeLessThanOrEqual(scenario.pageSize);
      if (next !== undefined) expect(items.length).toBe(scenario.pageSize);
    }
    const seen = pages.flatMap(({ items }) => items);
    expect(seen).toEqual([...new Set(seen)].sort(byBytes));
    const isAfter = (item: string): boolean => last === undefined || byBytes(item, last) > 0;
    const expected = [...stable].map(listing.shown).filter(isAfter);
    expect(seen).toEqual(expect.arrayContaining(expected));
    const ever = new Set([...stable, ...fleeting].map(listing.shown).filter(isAfter));
    expect(seen.filter((item) => !ever.has(item))).toEqual([]);
  } finally {
    for (const name of there) await toggle(name);
  }
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

type Kind = 'tags' | 'catalog' | 'referrers';

async function listingOf(server: ServerProcess, kind: Kind): Promise<Listing> {
  const admin = adminOf(server);
  if (kind === 'catalog') return catalogListing(admin);
  return kind === 'tags' ? tagListing(admin, 'listed/tags') : referrerListing(admin, 'listed/referrers');
}

/** What went wrong, or nothing. */
async function checkListing(server: ServerProcess, kind: Kind, numRuns: number): Promise<string> {
  const listing = await listingOf(server, kind);
  const property = fc.asyncProperty(scenarios(listing), (scenario) => runScenario(server, listing, scenario));
  const details = await fc.check(property, { seed, numRuns, endOnFailure: true });
  return propertyFailure(details);
}

describe('who follows the Links of a listing', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let server: ServerProcess;
  beforeAll(async () => {
    folder = await scratchFolder();
    server = await startServer({ data: folder.path, args: ['--workers', '2', '--log-level', 'warn'] });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  // The catalog first: the other two leave a repository in it.
  describe.each(['catalog', 'tags', 'referrers'] as const)('of %s', (kind) => {
    test('sees each item that stays exactly once, in the order of bytes', async () => {
      expect(await checkListing(server, kind, runs)).toBe('');
    });
  });
});

const statements = 'packages/server/src/storage/database/read-statements.ts';

interface PlantedBug {
  readonly kind: Kind;
  readonly patch: Patch;
}

const planted: Record<string, PlantedBug> = {
  'a page of tags begins with the end of the one before': {
    kind: 'tags',
    patch: {
      file: statements,
      replace: [
        [
          "    .where('repository', '=', p.repository)\n    .where('name', '>', p.last)",
          "    .where('repository', '=', p.repository)\n    .where('name', '>=', p.last)",
        ],
      ],
    },
  },
  'repositories are sorted as people would do it': {
    kind: 'catalog',
    patch: {
      file: statements,
      replace: [
        [
          "    .where('manifest_count', '>', sql.lit(0))\n    .orderBy('name')",
          "    .where('manifest_count', '>', sql.lit(0))\n    .orderBy(sql`replace(name, '/', ' ')`)",
        ],
      ],
    },
  },
  'tags are sorted without regard to case': {
    kind: 'tags',
    patch: {
      file: statements,
      replace: [
        [
          "    .where('repository', '=', p.repository)\n    .where('name', '>', p.last)\n    .orderBy('name')",
          "    .where('repository', '=', p.repository)\n    .where('name', '>', p.last)\n    .orderBy(sql`name collate nocase`)",
        ],
      ],
    },
  },
  'a page of referrers begins with the end of the one before': {
    kind: 'referrers',
    patch: {
      file: statements,
      replace: [["where('manifest.digest', '>', p.last)", "where('manifest.digest', '>=', p.last)"]],
    },
  },
};

// A planted bug shows itself by chance: several tries to see it, each of which must begin afresh.
describe('the check turns red when', { retry: 3 }, () => {
  for (const [name, { kind, patch }] of Object.entries(planted)) {
    test(name, async () => {
      await withPatchedSource(patch, async (project) => {
        await using folder = await scratchFolder();
        await using server = await startServer({ data: folder.path, project });
        expect(await checkListing(server, kind, 60)).toMatch(/AssertionError|does not end/);
      });
    });
  }
});
