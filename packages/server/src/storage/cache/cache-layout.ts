import { chunkBytes } from '../../sealing/segment.ts';

/**
 * Bytes of content in a page. A chunk is what is verified at once; larger pages wasted memory on the ends of blobs,
 * and sent no faster, since the pages of one write need not lie together: 16 pages in one `writev` went as fast as
 * one page of 1 MiB, and more than twice as fast as one page at a time.
 */
export const pageBytes = chunkBytes;

/** Words of a slot's description: state, recently used, length, then the key: four words of blob id, and the page. */
export const slotWords = 8;
export const slotWord = { state: 0, used: 1, lengthBytes: 2, key: 3, page: 7 } as const;

/** Words at the start of the memory. The lock has a cache line of its own, since all threads wait on it. */
export const headWord = { lock: 0, slots: 16, threads: 17, hand: 18 } as const;
const headWords = 32;
const figureCount = 8;
const wordBytes = Int32Array.BYTES_PER_ELEMENT;
const memoryPageBytes = 4096;

/** The parts of the shared memory. All words are Int32. */
export interface CacheLayout {
  readonly slots: number;
  readonly threads: number;
  readonly head: Int32Array<SharedArrayBuffer>;
  readonly figures: Float64Array<SharedArrayBuffer>;
  /** A power of two, at least twice as many as slots: `slot + 1`, or 0. */
  readonly index: Int32Array<SharedArrayBuffer>;
  /** A power of two, at least four times as many as slots: fingerprints of pages that were asked for. */
  readonly seen: Int32Array<SharedArrayBuffer>;
  /** `slotWords` for each slot. */
  readonly described: Int32Array<SharedArrayBuffer>;
  /** For each slot a count for each thread. */
  readonly pins: Int32Array<SharedArrayBuffer>;
  /** Where the first page lies in the memory. */
  readonly pagesAt: number;
}

/**
 * Memory for a cache that takes `memoryBytes` in all and is shared by threads 0 to `threads - 1`. The system gives the
 * memory when it is first written to, so a cache that holds little takes little.
 * @throws RangeError when the machine can't give as much, or it is too little for 16 pages
 */
export function allocateCache(options: {
  readonly memoryBytes: number;
  readonly threads: number;
}): SharedArrayBuffer {
  const { memoryBytes, threads } = options;
  let slots = Math.floor(memoryBytes / pageBytes);
  while (slots > 0 && offsets(slots, threads).bytes > memoryBytes) slots -= 1;
  if (slots < 16) throw new RangeError(`${memoryBytes} bytes are too few for a cache.`);
  const buffer = new SharedArrayBuffer(offsets(slots, threads).bytes);
  const head = new Int32Array(buffer, 0, headWords);
  head[headWord.slots] = slots;
  head[headWord.threads] = threads;
  return buffer;
}

/** Finds the parts of memory that `allocateCache` made. */
export function cacheLayout(buffer: SharedArrayBuffer): CacheLayout {
  const head = new Int32Array(buffer, 0, headWords);
  const slots = head[headWord.slots] ?? 0;
  const threads = head[headWord.threads] ?? 0;
  const at = offsets(slots, threads);
  const words = (from: number, to: number): Int32Array<SharedArrayBuffer> =>
    new Int32Array(buffer, from, (to - from) / wordBytes);
  return {
    slots,
    threads,
    head,
    figures: new Float64Array(buffer, at.figures, figureCount),
    index: words(at.index, at.seen),
    seen: words(at.seen, at.described),
    described: words(at.described, at.pins),
    pins: words(at.pins, at.pinsEnd),
    pagesAt: at.pages,
  };
}

function offsets(slots: number, threads: number) {
  const figures = headWords * wordBytes;
  const index = figures + figureCount * Float64Array.BYTES_PER_ELEMENT;
  const seen = index + powerOfTwo(slots * 2) * wordBytes;
  const described = seen + powerOfTwo(slots * 4) * wordBytes;
  const pins = described + slots * slotWords * wordBytes;
  const pinsEnd = pins + slots * threads * wordBytes;
  const pages = Math.ceil(pinsEnd / memoryPageBytes) * memoryPageBytes;
  return { figures, index, seen, described, pins, pinsEnd, pages, bytes: pages + slots * pageBytes };
}

/** The smallest power of two that is at least `count`. */
const powerOfTwo = (count: number): number => 2 ** Math.ceil(Math.log2(count));
