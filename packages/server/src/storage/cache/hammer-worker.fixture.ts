/**
 * A thread that reads through the cache at random, slowly, and checks every byte it is lent, at once and again when it
 * gives it back. It reports how many were wrong. The module under test comes by address, so that a copy can be tested.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { areBlobBytes, blobBytes, blobId, randomFrom } from './blob-bytes.fixture.ts';

export interface HammerData {
  readonly cacheModule: string;
  readonly buffer: SharedArrayBuffer;
  readonly thread: number;
  readonly seed: number;
  readonly iterations: number;
  /** How many runs of pages it holds at once: a slow reader each. */
  readonly heldMax: number;
  readonly blobs: number;
  readonly pagesOfBlob: number;
}

export interface HammerReport {
  readonly wrong: number;
  readonly pagesChecked: number;
  readonly done: boolean;
}

const pageBytes = 65_536;
const reportEvery = 200;

interface Held {
  readonly id: string;
  readonly firstPage: number;
  readonly pinned: { readonly pages: readonly Uint8Array[]; release(): void };
}

if (parentPort !== null) await hammer(workerData as HammerData, (report) => parentPort?.postMessage(report));

async function hammer(data: HammerData, report: (report: HammerReport) => void): Promise<void> {
  const { ContentCache } = (await import(data.cacheModule)) as typeof import('./content-cache.ts');
  const cache = new ContentCache(data.buffer, data.thread);
  const random = randomFrom(data.seed);
  const held: Held[] = [];
  const sizeBytes = data.pagesOfBlob * pageBytes - 20;
  let wrong = 0;
  let pagesChecked = 0;
  const check = ({ id, firstPage, pinned }: Held): void => {
    for (const [index, bytes] of pinned.pages.entries()) {
      pagesChecked += 1;
      if (!areBlobBytes(id, (firstPage + index) * pageBytes, bytes)) wrong += 1;
    }
  };
  for (let iteration = 1; iteration <= data.iterations; iteration += 1) {
    const id = blobId(1 + random(2), random(data.blobs));
    const blob = cache.blob(id, sizeBytes);
    if (blob === undefined) throw new TypeError('The blob is too large for this cache.');
    const firstPage = random(data.pagesOfBlob);
    const pages = 1 + random(data.pagesOfBlob - firstPage);
    const pinned = cache.pin(blob, firstPage, pages);
    if (pinned === undefined) {
      const startBytes = firstPage * pageBytes;
      const lengthBytes = Math.min(pages * pageBytes, sizeBytes - startBytes);
      cache.offer(blob, firstPage, blobBytes(id, startBytes, lengthBytes));
    } else {
      const one = { id, firstPage, pinned };
      check(one);
      held.push(one);
    }
    if (held.length > data.heldMax) {
      const [one] = held.splice(random(held.length), 1);
      if (one !== undefined) {
        check(one);
        one.pinned.release();
        one.pinned.release();
      }
    }
    if (iteration % reportEvery === 0) report({ wrong, pagesChecked, done: false });
  }
  for (const one of held) {
    check(one);
    one.pinned.release();
  }
  report({ wrong, pagesChecked, done: true });
}
