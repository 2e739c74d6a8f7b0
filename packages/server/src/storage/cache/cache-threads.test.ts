/**
 * What is proven: with several threads that read and fill a tiny cache at random, hold pages for long and die in the
 * middle, no byte that was lent is ever another blob's, and nothing stays pinned. The twin shows that the test would
 * see it: in a copy of the source, where pages are freed without a look at their pins, it finds wrong bytes.
 */
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { blobBytes, blobId } from './blob-bytes.fixture.ts';
import { cacheLayout } from './cache-layout.ts';
import { ContentCache } from './content-cache.ts';
import { forget, hammerCache } from './hammer.fixture.ts';
import type { CachedBlob } from './page-key.ts';

const pageBytes = 65_536;

test('threads that read, fill, hold and die never get a wrong byte, and leave no pin', async () => {
  const module = new URL('./content-cache.ts', import.meta.url).href;
  const result = await hammerCache(module, { iterations: 2500, deaths: 10 });
  expect(result.wrong).toBe(0);
  expect(result.figures.pinned).toBe(0);
  expect(result.filledAgain).toBe(result.figures.slots);
  // It was what it is meant to be: much was lent, and much was pushed out.
  expect(result.pagesChecked).toBeGreaterThan(1000);
  expect(result.figures.freed).toBeGreaterThan(300);
});

test('planted bug: where the hand does not look at pins, wrong bytes are found', async () => {
  await using copy = await copyOfSource();
  await copy.patch('storage/cache/content-cache.ts', 'slots.isPinned(slot) || ', '');
  const result = await hammerCache(copy.module, { iterations: 800, deaths: 1 });
  expect(result.wrong).toBeGreaterThan(0);
});

test('planted bug: where a dead thread is not forgotten, its pins stay', async () => {
  await using copy = await copyOfSource();
  await copy.patch('storage/cache/content-cache.ts', 'this.#slots.unpinAll(thread);', '');
  const result = await hammerCache(copy.module, { iterations: 200, deaths: 3 });
  expect(result.figures.pinned).toBeGreaterThan(0);
});

test('a thread that dies with the lock, and everything half done, costs nothing but itself', async () => {
  const buffer = ContentCache.allocate({ memoryBytes: 41 * pageBytes, threads: 3 });
  const [main, serving] = [new ContentCache(buffer, 0), new ContentCache(buffer, 1)];
  const ids = Array.from({ length: 8 }, (_, number) => blobId(1, number));
  for (const id of ids) enter(serving, id);
  const worker = new Worker(new URL('./lock-holder.fixture.ts', import.meta.url), {
    workerData: { buffer, thread: 2, freeSlot: 8 },
  });
  await once(worker, 'message');
  expect(serving.pin(blobOf(serving, ids[0] ?? ''), 0, 1)).toBeUndefined();
  expect(main.forgetThread(1)).toBe(false);
  await worker.terminate();
  await forget(main, 2);
  expect(main.figures()).toMatchObject({ filled: 8, pinned: 0 });
  expect(indexEntries(buffer)).toBe(8);
  for (const id of ids) {
    const pinned = serving.pin(blobOf(serving, id), 0, 1);
    expect(blobBytes(id, 0, pageBytes).equals(pinned?.pages[0] ?? Buffer.alloc(0)), id).toBe(true);
    pinned?.release();
  }
  for (let number = 100; number < 180; number += 1) enter(serving, blobId(1, number));
  expect(main.figures()).toMatchObject({ filled: main.figures().slots, pinned: 0 });
  expect(indexEntries(buffer)).toBe(main.figures().slots);
});

const indexEntries = (buffer: SharedArrayBuffer): number =>
  cacheLayout(buffer).index.filter((entry) => entry !== 0).length;

function enter(cache: ContentCache, id: string): void {
  const bytes = blobBytes(id, 0, pageBytes);
  cache.offer(blobOf(cache, id), 0, bytes);
  cache.offer(blobOf(cache, id), 0, bytes);
}

function blobOf(cache: ContentCache, id: string): CachedBlob {
  const blob = cache.blob(id, pageBytes);
  if (blob === undefined) throw new TypeError('The blob is too large.');
  return blob;
}

/** A copy of the cache's source, to be broken. */
async function copyOfSource() {
  const folder = await mkdtemp(join(tmpdir(), 'cerulean-planted-'));
  const source = fileURLToPath(new URL('../../', import.meta.url));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  for (const part of ['storage/cache', 'sealing']) {
    await cp(join(source, part), join(folder, part), {
      recursive: true,
      filter: (path) => !/\.(test|fixture)\.ts$/.test(path),
    });
  }
  return {
    module: pathToFileURL(join(folder, 'storage/cache/content-cache.ts')).href,
    async patch(path: string, from: string, to: string): Promise<void> {
      const text = await readFile(join(folder, path), 'utf8');
      if (text.split(from).length !== 2) throw new Error(`The patch does not fit: «${from}»`);
      await writeFile(join(folder, path), text.replace(from, to));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
