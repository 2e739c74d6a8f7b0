import { type CacheLayout, slotWord, slotWords } from './cache-layout.ts';
import { type CachedBlob, pageHash } from './page-key.ts';

/**
 * Finds the slot of a page: open addressing with linear probing over the keys that the slots themselves hold, at most
 * half full. It says nothing that the slots don't say, so it can be made again from them. To be used under the lock.
 */
export class PageIndex {
  readonly #entries: Int32Array<SharedArrayBuffer>;
  readonly #described: Int32Array<SharedArrayBuffer>;
  readonly #mask: number;

  constructor({ index, described }: CacheLayout) {
    this.#entries = index;
    this.#described = described;
    this.#mask = index.length - 1;
  }

  /** The slot that holds the page or is being filled with it; -1 when there is none. */
  find({ words }: CachedBlob, page: number): number {
    let at = pageHash(words[0], page) & this.#mask;
    for (;;) {
      const slot = (this.#entries[at] ?? 0) - 1;
      if (slot < 0) return -1;
      const key = slot * slotWords + slotWord.key;
      const described = this.#described;
      if (
        described[key] === words[0] &&
        described[key + 1] === words[1] &&
        described[key + 2] === words[2] &&
        described[key + 3] === words[3] &&
        described[key + 4] === page
      ) {
        return slot;
      }
      at = (at + 1) & this.#mask;
    }
  }

  /** Adds a slot under the key that it holds. */
  add(slot: number): void {
    let at = this.#home(slot);
    while (this.#entries[at] !== 0) at = (at + 1) & this.#mask;
    this.#entries[at] = slot + 1;
  }

  /** Removes a slot, whose key still stands in it; does nothing where it is not in the index. */
  remove(slot: number): void {
    let hole = this.#home(slot);
    while (this.#entries[hole] !== slot + 1) {
      if (this.#entries[hole] === 0) return;
      hole = (hole + 1) & this.#mask;
    }
    // No gravestones: what could stand in the hole moves there, so that no search ends too early.
    for (let at = (hole + 1) & this.#mask; this.#entries[at] !== 0; at = (at + 1) & this.#mask) {
      const home = this.#home((this.#entries[at] ?? 0) - 1);
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#entries[hole] = this.#entries[at] ?? 0;
      hole = at;
    }
    this.#entries[hole] = 0;
  }

  clear(): void {
    this.#entries.fill(0);
  }

  #home(slot: number): number {
    const key = slot * slotWords + slotWord.key;
    return (
      pageHash(this.#described[key] ?? 0, this.#described[slot * slotWords + slotWord.page] ?? 0) & this.#mask
    );
  }
}
