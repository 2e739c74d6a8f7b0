import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { blobBytes, blobId } from './blob-bytes.fixture.ts';
import type { CacheFigures, ContentCache } from './content-cache.ts';
import type { HammerData, HammerReport } from './hammer-worker.fixture.ts';

const pageBytes = 65_536;

export interface HammerResult {
  readonly wrong: number;
  readonly pagesChecked: number;
  readonly deaths: number;
  readonly figures: CacheFigures;
  /** How many slots hold a page after the cache was filled anew: all, unless a death has cost one for good. */
  readonly filledAgain: number;
}

/**
 * Lets two threads read 48 blobs of two registries through a cache of 40 pages while a third dies again and again in
 * the middle of it and is replaced. @param cacheModule address of the content cache's module, or of a copy of it
 */
export async function hammerCache(
  cacheModule: string,
  { iterations, deaths }: { readonly iterations: number; readonly deaths: number },
): Promise<HammerResult> {
  const { ContentCache } = (await import(cacheModule)) as typeof import('./content-cache.ts');
  const buffer = ContentCache.allocate({ memoryBytes: 41 * pageBytes, threads: 4 });
  const main = new ContentCache(buffer, 0);
  const shared = { cacheModule, buffer, heldMax: 2, blobs: 24, pagesOfBlob: 4 };
  const results = await Promise.all([
    lastReport(startHammer({ ...shared, thread: 1, seed: 11, iterations })),
    lastReport(startHammer({ ...shared, thread: 2, seed: 22, iterations })),
    dieAgainAndAgain(main, { ...shared, thread: 3, seed: 33, iterations: Number.POSITIVE_INFINITY }, deaths),
  ]);
  const figures = main.figures();
  fillAnew(main, figures.slots);
  return {
    wrong: results.reduce((sum, report) => sum + report.wrong, 0),
    pagesChecked: results.reduce((sum, report) => sum + report.pagesChecked, 0),
    deaths,
    figures,
    filledAgain: main.figures().filled,
  };
}

/** A thread that died last has left the slot that it was filling empty, and nobody has come by since. */
function fillAnew(cache: ContentCache, slots: number): void {
  for (let number = 0; number < 2 * slots; number += 1) {
    const id = blobId(3, number);
    const blob = cache.blob(id, pageBytes);
    if (blob === undefined) throw new TypeError('The blob is too large for this cache.');
    const bytes = blobBytes(id, 0, pageBytes);
    // It enters at its second read.
    cache.offer(blob, 0, bytes);
    cache.offer(blob, 0, bytes);
  }
}

/** What main does when a serving thread has ended. */
export async function forget(cache: ContentCache, thread: number): Promise<void> {
  while (!cache.forgetThread(thread)) await new Promise((resolve) => setTimeout(resolve, 1));
}

const startHammer = (workerData: HammerData): Worker =>
  new Worker(new URL('./hammer-worker.fixture.ts', import.meta.url), { workerData });

async function lastReport(worker: Worker): Promise<HammerReport> {
  const exited = once(worker, 'exit');
  let last: HammerReport = { wrong: 0, pagesChecked: 0, done: false };
  worker.on('message', (report: HammerReport) => {
    last = report;
  });
  await exited;
  if (!last.done) throw new Error('A thread ended before it was done.');
  return last;
}

async function dieAgainAndAgain(main: ContentCache, data: HammerData, deaths: number): Promise<HammerReport> {
  let wrong = 0;
  let pagesChecked = 0;
  for (let death = 0; death < deaths; death += 1) {
    const worker = startHammer({ ...data, seed: data.seed + death });
    const [report] = (await once(worker, 'message')) as [HammerReport];
    await worker.terminate();
    await forget(main, data.thread);
    wrong += report.wrong;
    pagesChecked += report.pagesChecked;
  }
  return { wrong, pagesChecked, done: true };
}
