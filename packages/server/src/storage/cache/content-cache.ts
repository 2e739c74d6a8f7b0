/**
 * The content cache: decrypted, verified bytes of blobs that are read often, in one stretch of memory that all serving
 * threads share.
 *
 * Words: a *page* is 64 KiB of a blob, counted from its start, the last one shorter. A *slot* is room for one page. A
 * page is *pinned* while its bytes are being sent. The *hand* goes round the slots and frees the first that was not
 * used since it last came by (second chance).
 *
 * Invariants:
 * - The key is (blob id, page), never the digest: who may not read a blob never gets to ask for its id, and registries
 *   share nothing.
 * - What is handed out is pinned, and neither freed nor written to until it is given back. Where everything is pinned,
 *   nothing enters. Plain HTTP sends from this very memory: a slot freed too early sends another blob's bytes.
 * - Pins are counted for each thread, and the lock names its holder: when a thread dies, main takes back what it held.
 * - The lock is held for lookups only, never while bytes are copied, and nobody waits for it for long: the cache can
 *   always be done without.
 * - Outside of the shared memory nothing grows with what is cached.
 *
 * What enters: a page at its second read within a window of about four times what the cache holds, and only of blobs
 * that take at most half of it. So a scan of cold layers leaves nothing but fingerprints (and costs no copies, and no
 * memory that the system would have to find); and a layer that is larger than the cache, which is always read from end
 * to end, can't push itself out without ever being hit. The price is one more read from storage for each hot page.
 */
import { allocateCache, cacheLayout, headWord, pageBytes } from './cache-layout.ts';
import { CacheLock } from './cache-lock.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { PageIndex } from './page-index.ts';
import { type CachedBlob, cachedBlob } from './page-key.ts';
import { SlotTable } from './slot-table.ts';

/** Steps of the hand in search of one slot, under the lock. */
const stepsMax = 4096;
const figure = { hits: 0, misses: 1, entered: 2, freed: 3, refused: 4 } as const;

/** Pages that lie one behind the other in their blob, kept as they are until they are given back. */
export interface PinnedPages {
  /** Views of the shared memory. Each is a whole page, but for the blob's last. */
  readonly pages: readonly Uint8Array[];
  /** Gives the pages back; more than once does nothing more. */
  release(): void;
}

/** Counted since the start by all threads, in pages; `pinned` and `filled` are as of now. */
export interface CacheFigures {
  readonly slots: number;
  readonly filled: number;
  readonly pinned: number;
  readonly hits: number;
  readonly misses: number;
  readonly entered: number;
  readonly freed: number;
  /** Would have entered, but everything that the hand came by was in use. */
  readonly refused: number;
}

/** The cache as one thread uses it. */
export class ContentCache {
  /** The memory, to be given to other threads. */
  readonly buffer: SharedArrayBuffer;
  readonly #thread: number;
  readonly #lock: CacheLock;
  readonly #index: PageIndex;
  readonly #slots: SlotTable;
  readonly #doorkeeper: Doorkeeper;
  readonly #head: Int32Array<SharedArrayBuffer>;
  readonly #figures: Float64Array<SharedArrayBuffer>;
  readonly #pagesAt: number;
  readonly #blobBytesMax: number;

  /** @param buffer from `ContentCache.allocate` @param thread this thread's number; no two living threads have one */
  constructor(buffer: SharedArrayBuffer, thread: number) {
    const layout = cacheLayout(buffer);
    if (thread >= layout.threads) throw new RangeError(`The cache has no place for thread ${thread}.`);
    this.buffer = buffer;
    this.#thread = thread;
    this.#lock = new CacheLock(layout.head, headWord.lock, thread);
    this.#index = new PageIndex(layout);
    this.#slots = new SlotTable(layout);
    this.#doorkeeper = new Doorkeeper(layout.seen);
    this.#head = layout.head;
    this.#figures = layout.figures;
    this.#pagesAt = layout.pagesAt;
    this.#blobBytesMax = (layout.slots * pageBytes) / 2;
  }

  static readonly allocate = allocateCache;

  /** A blob, to ask for its pages; undefined when it is too large to enter. @param id 32 hexadecimal digits */
  blob(id: string, sizeBytes: number): CachedBlob | undefined {
    return sizeBytes > this.#blobBytesMax ? undefined : cachedBlob(id, sizeBytes);
  }

  /** Pins the page, and those that follow it as long as they are here; undefined when the first is not. */
  pin(blob: CachedBlob, firstPage: number, pagesMax: number): PinnedPages | undefined {
    if (!this.#lock.acquire()) return undefined;
    const pinned: number[] = [];
    try {
      while (pinned.length < pagesMax) {
        const slot = this.#index.find(blob, firstPage + pinned.length);
        if (slot < 0 || !this.#slots.isReady(slot)) break;
        this.#slots.pin(slot, this.#thread);
        this.#slots.use(slot);
        pinned.push(slot);
      }
      this.#count(pinned.length === 0 ? figure.misses : figure.hits, Math.max(1, pinned.length));
    } finally {
      this.#lock.release();
    }
    return pinned.length === 0 ? undefined : this.#lend(pinned);
  }

  /** True when all these pages were here a moment ago. */
  holds(blob: CachedBlob, firstPage: number, pages: number): boolean {
    if (!this.#lock.acquire()) return false;
    try {
      for (let page = firstPage; page < firstPage + pages; page += 1) {
        const slot = this.#index.find(blob, page);
        if (slot < 0 || !this.#slots.isReady(slot)) return false;
      }
      return true;
    } finally {
      this.#lock.release();
    }
  }

  /**
   * Offers verified bytes that were read from storage: copies of those pages enter that are not here yet and are worth
   * it. @param bytes from the start of `firstPage` on; whole pages, but for the blob's last
   */
  offer(blob: CachedBlob, firstPage: number, bytes: Uint8Array): void {
    const pages = Math.ceil(bytes.length / pageBytes);
    const wanted: number[] = [];
    for (let page = firstPage; page < firstPage + pages; page += 1) {
      const pageLength = Math.min(pageBytes, blob.sizeBytes - page * pageBytes);
      const offered = Math.min(pageBytes, bytes.length - (page - firstPage) * pageBytes);
      if (offered !== pageLength)
        throw new RangeError(`Page ${page} has ${pageLength} bytes, not ${offered}.`);
      if (this.#doorkeeper.readAgain(blob, page)) wanted.push(page);
    }
    if (wanted.length === 0 || blob.sizeBytes > this.#blobBytesMax) return;
    for (const { slot, page } of this.#fillSlots(blob, wanted)) {
      const at = (page - firstPage) * pageBytes;
      const into = this.#bytes(slot);
      into.set(bytes.subarray(at, at + into.length));
      this.#slots.setReady(slot);
    }
  }

  /**
   * Takes back what a thread held that has ended: the lock, its pins, and the slots that it was filling. Only main calls
   * it, after the thread's `exit`, and before its number is given to another thread. False when the lock was not to be
   * had: then nothing was done, and it is to be called again a little later.
   */
  forgetThread(thread: number): boolean {
    const torn = this.#lock.takeFrom(thread);
    if (!torn && !this.#lock.acquire()) return false;
    try {
      // Whoever died with the lock may have left the index half changed: it is made again from the slots.
      if (torn) this.#index.clear();
      for (let slot = 0; slot < this.#slots.count; slot += 1) {
        if (this.#slots.isFilledBy(slot, thread)) {
          this.#index.remove(slot);
          this.#slots.setEmpty(slot);
        } else if (torn && !this.#slots.isEmpty(slot)) this.#index.add(slot);
      }
      this.#slots.unpinAll(thread);
    } finally {
      this.#lock.release();
    }
    return true;
  }

  figures(): CacheFigures {
    const slots = this.#slots;
    let filled = 0;
    let pinned = 0;
    for (let slot = 0; slot < slots.count; slot += 1) {
      if (slots.isReady(slot)) filled += 1;
      if (slots.isPinned(slot)) pinned += 1;
    }
    const counted = (at: number): number => this.#figures[at] ?? 0;
    return {
      slots: slots.count,
      filled,
      pinned,
      hits: counted(figure.hits),
      misses: counted(figure.misses),
      entered: counted(figure.entered),
      freed: counted(figure.freed),
      refused: counted(figure.refused),
    };
  }

  /** Gives slots to pages that have none yet, as far as there are any to be had. */
  #fillSlots(blob: CachedBlob, pages: readonly number[]): { slot: number; page: number }[] {
    if (!this.#lock.acquire()) return [];
    const filled: { slot: number; page: number }[] = [];
    try {
      for (const page of pages) {
        if (this.#index.find(blob, page) >= 0) continue;
        const slot = this.#freeSlot();
        if (slot < 0) {
          this.#count(figure.refused, 1);
          break;
        }
        const lengthBytes = Math.min(pageBytes, blob.sizeBytes - page * pageBytes);
        this.#slots.fill(slot, this.#thread, { blob, page, lengthBytes });
        this.#index.add(slot);
        filled.push({ slot, page });
      }
      this.#count(figure.entered, filled.length);
    } finally {
      this.#lock.release();
    }
    return filled;
  }

  /** An empty slot, after the hand has emptied one where need be; -1 when all that it came by are in use. */
  #freeSlot(): number {
    const slots = this.#slots;
    const steps = Math.min(stepsMax, 2 * slots.count);
    for (let step = 0; step < steps; step += 1) {
      const slot = this.#head[headWord.hand] ?? 0;
      this.#head[headWord.hand] = slot + 1 === slots.count ? 0 : slot + 1;
      if (slots.isEmpty(slot)) return slot;
      if (!slots.isReady(slot) || slots.isPinned(slot) || slots.takeUsed(slot)) continue;
      slots.setEmpty(slot);
      this.#index.remove(slot);
      this.#count(figure.freed, 1);
      return slot;
    }
    return -1;
  }

  #lend(slots: readonly number[]): PinnedPages {
    let lent = true;
    return {
      pages: slots.map((slot) => this.#bytes(slot)),
      release: () => {
        if (!lent) return;
        lent = false;
        for (const slot of slots) this.#slots.unpin(slot, this.#thread);
      },
    };
  }

  #bytes(slot: number): Buffer<SharedArrayBuffer> {
    return Buffer.from(this.buffer, this.#pagesAt + slot * pageBytes, this.#slots.lengthBytes(slot));
  }

  /** Under the lock. */
  #count(which: number, pages: number): void {
    this.#figures[which] = (this.#figures[which] ?? 0) + pages;
  }
}
