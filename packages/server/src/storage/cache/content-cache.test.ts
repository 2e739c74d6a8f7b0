import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areBlobBytes, blobBytes, blobId } from './blob-bytes.fixture.ts';
import { ContentCache, type PinnedPages } from './content-cache.ts';
import type { CachedBlob } from './page-key.ts';

const page = 65_536;
/** Room for 16 pages and what they are described by. */
const small = 17 * page;

interface Blob {
  readonly id: string;
  readonly key: CachedBlob;
}

function openCache(memoryBytes = small): {
  cache: ContentCache;
  blob: (number: number, pages?: number) => Blob;
} {
  const cache = new ContentCache(ContentCache.allocate({ memoryBytes, threads: 3 }), 1);
  return {
    cache,
    blob(number, pages = 4) {
      const id = blobId(1, number);
      const key = cache.blob(id, pages * page - 100);
      if (key === undefined) throw new TypeError('The blob is too large.');
      return { id, key };
    },
  };
}

const pageOf = ({ id, key }: Blob, number: number): Buffer =>
  blobBytes(id, number * page, Math.min(page, key.sizeBytes - number * page));

function offer(cache: ContentCache, blob: Blob, ...pages: number[]): void {
  for (const number of pages) cache.offer(blob.key, number, pageOf(blob, number));
}

function offerTwice(cache: ContentCache, blob: Blob, ...pages: number[]): void {
  for (const number of pages) offer(cache, blob, number, number);
}

function pin(cache: ContentCache, blob: Blob, number: number, pagesMax = 1): PinnedPages {
  const pinned = cache.pin(blob.key, number, pagesMax);
  if (pinned === undefined) throw new TypeError(`Page ${number} is not here.`);
  return pinned;
}

describe('what enters the cache', () => {
  test('a page enters at its second read', () => {
    const { cache, blob } = openCache();
    const first = blob(1);
    offer(cache, first, 0);
    expect(cache.pin(first.key, 0, 1)).toBeUndefined();
    offer(cache, first, 0);
    const pinned = pin(cache, first, 0);
    expect(pinned.pages.map((bytes) => Buffer.from(bytes))).toEqual([pageOf(first, 0)]);
    pinned.release();
  });

  test('what enters is a copy: the reader may overwrite its own', () => {
    const { cache, blob } = openCache();
    const bytes = pageOf(blob(1), 0);
    cache.offer(blob(1).key, 0, bytes);
    cache.offer(blob(1).key, 0, bytes);
    bytes.fill(0);
    expect(areBlobBytes(blob(1).id, 0, pin(cache, blob(1), 0).pages[0] ?? Buffer.alloc(0))).toBe(true);
  });

  test('a blob that takes more than half of the cache does not enter', () => {
    const { cache } = openCache();
    expect(cache.blob(blobId(1, 1), 8 * page)).toBeDefined();
    expect(cache.blob(blobId(1, 1), 8 * page + 1)).toBeUndefined();
  });

  test('a scan of cold content leaves all that is here', () => {
    const { cache, blob } = openCache();
    for (let number = 1; number <= 4; number += 1) offerTwice(cache, blob(number), 0, 1, 2, 3);
    for (let number = 100; number < 400; number += 1) offer(cache, blob(number), 0, 1, 2, 3);
    for (let number = 1; number <= 4; number += 1) {
      expect(cache.holds(blob(number).key, 0, 4), `blob ${number}`).toBe(true);
    }
    expect(cache.figures()).toMatchObject({ filled: 16, freed: 0, entered: 16 });
  });

  test('bytes that are not whole pages are a mistake', () => {
    const { cache, blob } = openCache();
    expect(() => cache.offer(blob(1).key, 0, Buffer.alloc(100))).toThrow(RangeError);
    expect(() => cache.offer(blob(1).key, 3, Buffer.alloc(page))).toThrow(RangeError);
  });

  test('two registries with the same content share nothing', () => {
    const { cache } = openCache();
    const one = { id: blobId(1, 7), key: cache.blob(blobId(1, 7), page) as CachedBlob };
    offerTwice(cache, one, 0);
    expect(cache.holds(one.key, 0, 1)).toBe(true);
    expect(cache.holds(cache.blob(blobId(2, 7), page) as CachedBlob, 0, 1)).toBe(false);
  });
});

describe('what is pinned', () => {
  test('consecutive pages are pinned together, up to the first that is missing', () => {
    const { cache, blob } = openCache();
    offerTwice(cache, blob(1), 0, 1, 3);
    const pinned = pin(cache, blob(1), 0, 16);
    expect(pinned.pages.map((bytes) => bytes.length)).toEqual([page, page]);
    expect(pin(cache, blob(1), 3, 16).pages.map((bytes) => bytes.length)).toEqual([page - 100]);
    expect(cache.figures().pinned).toBe(3);
  });

  test('giving back twice gives back once', () => {
    const { cache, blob } = openCache();
    offerTwice(cache, blob(1), 0);
    const [first, second] = [pin(cache, blob(1), 0), pin(cache, blob(1), 0)];
    first.release();
    first.release();
    expect(cache.figures().pinned).toBe(1);
    second.release();
    expect(cache.figures().pinned).toBe(0);
  });

  test('where everything is pinned nothing enters, and what is pinned stays as it is', () => {
    const { cache, blob } = openCache();
    const held: [Blob, PinnedPages][] = [];
    for (let number = 1; number <= 4; number += 1) {
      offerTwice(cache, blob(number), 0, 1, 2, 3);
      held.push([blob(number), pin(cache, blob(number), 0, 4)]);
    }
    for (let number = 5; number <= 12; number += 1) {
      offerTwice(cache, blob(number), 0);
      expect(cache.pin(blob(number).key, 0, 1)).toBeUndefined();
    }
    for (const [{ id }, { pages }] of held) {
      for (const [index, bytes] of pages.entries()) expect(areBlobBytes(id, index * page, bytes)).toBe(true);
    }
    held[0]?.[1].release();
    offerTwice(cache, blob(5), 0);
    expect(cache.holds(blob(5).key, 0, 1)).toBe(true);
  });

  test('a page that was used since the hand came by is spared once', () => {
    const { cache, blob } = openCache();
    for (let number = 1; number <= 4; number += 1) offerTwice(cache, blob(number), 0, 1, 2, 3);
    pin(cache, blob(1), 0).release();
    offerTwice(cache, blob(5), 0);
    expect(cache.holds(blob(1).key, 0, 1)).toBe(true);
    expect(cache.holds(blob(1).key, 1, 1)).toBe(false);
  });
});

test('against a map: what is found was offered, whole and unchanged, and nothing goes while there is room', () => {
  const step = fc.record({
    what: fc.constantFrom('offer' as const, 'offer' as const, 'pin' as const, 'release' as const),
    blob: fc.nat(7),
    page: fc.nat(3),
    pages: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { cache, blob } = openCache();
      const entered = new Map<string, true>();
      const held: { blob: Blob; page: number; pinned: PinnedPages }[] = [];
      const distinctPinned = (): number =>
        new Set(
          held.flatMap((one) => one.pinned.pages.map((_, index) => `${one.blob.id}/${one.page + index}`)),
        ).size;
      for (const one of steps) {
        const wanted = blob(one.blob);
        if (one.what === 'offer') {
          const room = distinctPinned() < 16;
          offerTwice(cache, wanted, one.page);
          if (room) expect(cache.holds(wanted.key, one.page, 1)).toBe(true);
          entered.set(`${wanted.id}/${one.page}`, true);
        } else if (one.what === 'pin') {
          const pinned = cache.pin(wanted.key, one.page, Math.min(one.pages, 4 - one.page));
          const roomForAll = entered.size <= 16;
          if (roomForAll) expect(pinned !== undefined).toBe(entered.has(`${wanted.id}/${one.page}`));
          if (pinned !== undefined) held.push({ blob: wanted, page: one.page, pinned });
        } else held.shift()?.pinned.release();
        expect(cache.figures().pinned).toBe(distinctPinned());
      }
      for (const one of held) {
        for (const [index, bytes] of one.pinned.pages.entries()) {
          expect(entered.has(`${one.blob.id}/${one.page + index}`)).toBe(true);
          expect(pageOf(one.blob, one.page + index).equals(bytes)).toBe(true);
        }
        one.pinned.release();
      }
      const figures = cache.figures();
      expect(figures.pinned).toBe(0);
      expect(figures.filled).toBe(figures.entered - figures.freed);
    }),
    { numRuns: 100 },
  );
});
