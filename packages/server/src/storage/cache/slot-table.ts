import { type CacheLayout, slotWord, slotWords } from './cache-layout.ts';
import type { CachedBlob } from './page-key.ts';

const empty = 0;
const ready = 1;
/** And the number of the thread that fills the slot. */
const filling = 2;

/**
 * What is in which slot, and who uses it. A slot is empty; or filled by a thread, with its key already in it; or ready,
 * with verified bytes under a whole key. The state is the last word written on the way to ready and the first on the
 * way to empty, so that whatever a thread was doing when it died, a ready slot is right.
 */
export class SlotTable {
  readonly count: number;
  readonly #threads: number;
  readonly #described: Int32Array<SharedArrayBuffer>;
  readonly #pins: Int32Array<SharedArrayBuffer>;

  constructor({ slots, threads, described, pins }: CacheLayout) {
    this.count = slots;
    this.#threads = threads;
    this.#described = described;
    this.#pins = pins;
  }

  isEmpty(slot: number): boolean {
    return this.#state(slot) === empty;
  }

  isReady(slot: number): boolean {
    return this.#state(slot) === ready;
  }

  isFilledBy(slot: number, thread: number): boolean {
    return this.#state(slot) === filling + thread;
  }

  /** Gives the slot a key; its bytes are the thread's to write until it is ready. */
  fill(slot: number, thread: number, page: FilledPage): void {
    const at = slot * slotWords;
    const described = this.#described;
    Atomics.store(described, at + slotWord.state, filling + thread);
    described[at + slotWord.used] = 0;
    described[at + slotWord.lengthBytes] = page.lengthBytes;
    described.set(page.blob.words, at + slotWord.key);
    described[at + slotWord.page] = page.page;
  }

  /** The bytes are all written: everybody may read them. */
  setReady(slot: number): void {
    Atomics.store(this.#described, slot * slotWords + slotWord.state, ready);
  }

  setEmpty(slot: number): void {
    Atomics.store(this.#described, slot * slotWords + slotWord.state, empty);
  }

  lengthBytes(slot: number): number {
    return this.#described[slot * slotWords + slotWord.lengthBytes] ?? 0;
  }

  use(slot: number): void {
    this.#described[slot * slotWords + slotWord.used] = 1;
  }

  /** True when the slot was used since this was last asked. */
  takeUsed(slot: number): boolean {
    const at = slot * slotWords + slotWord.used;
    const used = this.#described[at] === 1;
    this.#described[at] = 0;
    return used;
  }

  /** To be called under the lock: whoever empties a slot under it then sees the pin. */
  pin(slot: number, thread: number): void {
    Atomics.add(this.#pins, slot * this.#threads + thread, 1);
  }

  /** May be called without the lock. */
  unpin(slot: number, thread: number): void {
    Atomics.sub(this.#pins, slot * this.#threads + thread, 1);
  }

  isPinned(slot: number): boolean {
    const at = slot * this.#threads;
    for (let thread = 0; thread < this.#threads; thread += 1) {
      if (Atomics.load(this.#pins, at + thread) !== 0) return true;
    }
    return false;
  }

  unpinAll(thread: number): void {
    for (let slot = 0; slot < this.count; slot += 1) {
      Atomics.store(this.#pins, slot * this.#threads + thread, 0);
    }
  }

  #state(slot: number): number {
    return Atomics.load(this.#described, slot * slotWords + slotWord.state);
  }
}

interface FilledPage {
  readonly blob: CachedBlob;
  readonly page: number;
  readonly lengthBytes: number;
}
